"""For each rule of the readers a folder that keeps it and one that breaks it, as near to each other as can be."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import DeflatedExplicitVRLittleEndian, RawDataStorage

from tests import phantoms
from tests.dosimetry_core.dicom import dialects
from tests.dosimetry_core.dicom.dialects import (
    as_jpeg_ls,
    edits,
    in_detector,
    in_isotope,
    in_rotation,
    moved,
    of_slice,
    own_series,
    second_bed,
    setting,
    without,
)
from tests.phantoms import CT_GRID, SPECT_GRID, Edit, Visit, box, counts_like, nothing

Write = Callable[[Path], None]
Patch = Callable[[pytest.MonkeyPatch], None]
COUNTS, HU = counts_like(SPECT_GRID), counts_like(CT_GRID) - 1000


@dataclass(frozen=True)
class Example:
    """What is written for the good and for the bad folder, and what is changed in the program for a bound to be met."""

    good: Write
    bad: Write
    patch: Patch | None = None


def _nm(*several: Edit) -> Write:
    return lambda folder: _ignore(phantoms.nm_file(folder / "a.dcm", COUNTS, edit=edits(*several)))


def _pt(*several: Edit) -> Write:
    return lambda folder: _ignore(phantoms.bqml_series(folder, COUNTS, edit=edits(*several)))


def _ct(*several: Edit) -> Write:
    return lambda folder: _ignore(phantoms.ct_series(folder, HU, edit=edits(*several)))


def _enhanced_ct(*several: Edit) -> Write:
    return lambda folder: _ignore(dialects.enhanced(folder / "a.dcm", HU + 1024, CT_GRID, edit=edits(*several)))


def _enhanced_pt(*several: Edit) -> Write:
    return lambda folder: _ignore(dialects.enhanced_pet(folder / "a.dcm", COUNTS, SPECT_GRID, edit=edits(*several)))


def _ignore(written: object) -> None:
    """Writers say what they wrote."""


def _both(*several: Write) -> Write:
    def write(folder: Path) -> None:
        for one in several:
            one(folder)

    return write


def _file(name: str, content: bytes) -> Write:
    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    return write


def _changed(change: Callable[[bytes], bytes], write: Write | None = None) -> Write:
    """The content of the one file, changed."""

    def changed(folder: Path) -> None:
        (write or _nm())(folder)
        (path,) = folder.iterdir()
        path.write_bytes(change(path.read_bytes()))

    return changed


def _deflated(folder: Path) -> None:
    dataset = phantoms.nm_dataset(COUNTS)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    phantoms.write(dataset, folder / "a.dcm")


def _much_deflated(folder: Path) -> None:
    _deflated(folder)
    content = (folder / "a.dcm").read_bytes()
    end = 144 + int.from_bytes(content[140:144], "little")
    deflater = zlib.compressobj(wbits=-15)
    (folder / "a.dcm").write_bytes(content[:end] + deflater.compress(bytes(2_000_000)) + deflater.flush())


def _sparse(folder: Path) -> None:
    with (folder / "large.dcm").open("wb") as file:
        os.truncate(file.fileno(), 2 * 1024**3 + 1)


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.dcm")


def _linked_out(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.mkdir()
    phantoms.nm_file(outside / "a.dcm", COUNTS)
    (folder / "a.dcm").symlink_to(outside / "a.dcm")


def _linked_within(folder: Path) -> None:
    _nm()(folder)
    (folder / "b.dcm").symlink_to(folder / "a.dcm")


def _unreadable(patch: pytest.MonkeyPatch) -> None:
    plain = Path.read_bytes

    def read_bytes(self: Path) -> bytes:
        if self.name == "locked.dcm":
            raise PermissionError(13, "Permission denied")
        return plain(self)

    patch.setattr(Path, "read_bytes", read_bytes)


def _deep(levels: int) -> Write:
    return lambda folder: _ignore(phantoms.nm_file(folder / Path(*("f" for _ in range(levels))) / "a.dcm", COUNTS))


def _nested(dataset: Dataset) -> None:
    inner = Dataset()
    for _ in range(20):
        outer = Dataset()
        _hold(outer, inner)
        inner = outer
    _hold(dataset, inner)


def _hold(outer: Dataset, inner: Dataset) -> None:
    outer.RequestAttributesSequence = Items([inner])
    outer["RequestAttributesSequence"].is_undefined_length = True


def _no_meta_syntax(folder: Path) -> None:
    phantoms.nm_file(folder / "a.dcm", COUNTS)
    content = (folder / "a.dcm").read_bytes()
    # The element of the transfer syntax becomes one of private information.
    (folder / "a.dcm").write_bytes(content.replace(b"\x02\x00\x10\x00UI", b"\x02\x00\x16\x00AE", 1))


def _other_patient(dataset: Dataset) -> None:
    own_series(dataset)
    dataset.PatientID = "P-2"


def _mapped(slope: float, **more: object) -> Edit:
    def edit(dataset: Dataset) -> None:
        units, item = Dataset(), Dataset()
        units.CodeValue = "Bq/ml"
        item.MeasurementUnitsCodeSequence = Items([units])
        item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, 0.0
        for keyword, value in more.items():
            setattr(item, keyword, value)
        dataset.RealWorldValueMappingSequence = Items([*dataset.get("RealWorldValueMappingSequence", []), item])

    return edit


def _mapped_as_rescaled(factor: float) -> Edit:
    return lambda dataset: _mapped(float(dataset.RescaleSlope) * factor)(dataset)


def _frame_groups(count: int) -> Edit:
    def edit(dataset: Dataset) -> None:
        dataset.PerFrameFunctionalGroupsSequence = dataset.PerFrameFunctionalGroupsSequence[:count]

    return edit


def _bed(shift_slices: float, minutes: float, edit: Edit = nothing) -> Write:
    """A second bed some slices higher and some minutes later."""

    def write(folder: Path) -> None:
        origin = SPECT_GRID.index_to_point((shift_slices, 0, 0))
        geometry = phantoms.grid(SPECT_GRID.shape, SPECT_GRID.spacing_mm, origin_mm=origin)
        visit = second_bed(Visit(), minutes)
        phantoms.nm_file(folder / "bed2.dcm", COUNTS, geometry, visit, edit=edits(own_series, edit))

    return write


def _structures(*several: Edit) -> Write:
    return lambda folder: _ignore(
        phantoms.structure_set(folder / "rs.dcm", {"Liver": [box((-20, 0), (-40, -20), 106.0)]}, edit=edits(*several))
    )


def _elsewhere(dataset: Dataset) -> None:
    other = phantoms.uid("another frame")
    dataset.FrameOfReferenceUID = other
    dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = other
    dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = other


def _nowhere(dataset: Dataset) -> None:
    del dataset.FrameOfReferenceUID
    del dataset.ReferencedFrameOfReferenceSequence
    del dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID


def _of_technetium(dataset: Dataset) -> None:
    code = dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideCodeSequence[0]
    code.CodeValue, code.CodeMeaning = "72454001", "^99m^Technetium"
    dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife = 21624.12


def _two_nuclides(dataset: Dataset) -> None:
    other = Dataset()
    code = Dataset()
    code.CodeMeaning = "^90^Yttrium"
    other.RadionuclideCodeSequence = Items([code])
    dataset.RadiopharmaceuticalInformationSequence.append(other)


def _two_rotations(milliseconds: int) -> Edit:
    def edit(dataset: Dataset) -> None:
        second = Dataset()
        second.ActualFrameDuration, second.NumberOfFramesInRotation = milliseconds, 60
        dataset.RotationInformationSequence.append(second)

    return edit


def _jpeg_ls(dataset: Dataset) -> None:
    assert isinstance(dataset, FileDataset)
    as_jpeg_ls(dataset)


def _syntax(uid: str) -> Edit:
    def edit(dataset: Dataset) -> None:
        _jpeg_ls(dataset)
        assert isinstance(dataset, FileDataset)
        dataset.file_meta.TransferSyntaxUID = uid

    return edit


def _tilted(dataset: Dataset) -> None:
    moved(0, 0.5 * dataset.InstanceNumber, 0)(dataset)


def _raw_data(dataset: Dataset) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = RawDataStorage


def _few_bits(dataset: Dataset) -> None:
    dataset.BitsStored, dataset.HighBit = 8, 7


def _placed_at_top(position: list[float]) -> Edit:
    return setting(ImagePositionPatient=position, ImageOrientationPatient=[1, 0, 0, 0, 1, 0])


EXAMPLES: dict[str, Example] = {
    # --- files
    "path-missing": Example(_nm(), lambda folder: folder.rmdir()),
    "folder-empty": Example(_nm(), lambda folder: None),
    "folder-too-full": Example(
        _nm(), _ct(), lambda patch: patch.setattr("dosimetry_core.dicom.folder_walk.MOST_FILES", 3)
    ),
    "folder-too-deep": Example(
        _deep(3), _deep(6), lambda patch: patch.setattr("dosimetry_core.dicom.folder_walk.DEEPEST_FOLDER", 4)
    ),
    "link-out-of-folder": Example(_linked_within, _linked_out),
    "not-a-file": Example(_nm(), _pipe),
    "file-unreadable": Example(_nm(), _file("locked.dcm", b"x"), _unreadable),
    "file-empty": Example(_nm(), _file("a.dcm", b"")),
    "file-too-large": Example(_nm(), _sparse),
    "not-dicom": Example(_nm(), _file("letter.pdf", b"%PDF-1.7 " + bytes(500))),
    "file-damaged": Example(_deflated, _changed(lambda content: content[:-30], _deflated)),
    "file-truncated": Example(_nm(), _changed(lambda content: content[: int(len(content) * 0.3)])),
    "transfer-syntax-missing": Example(_nm(), _no_meta_syntax),
    "nested-too-deep": Example(_nm(), _nm(_nested)),
    "inflated-too-large": Example(
        _deflated,
        _much_deflated,
        lambda patch: patch.setattr("dosimetry_core.dicom.files._LARGEST_INFLATED_BYTES", 1_000_000),
    ),
    "element-unreadable": Example(_nm(), _nm(setting(PixelSpacing=[4.8]))),
    "element-missing": Example(_nm(), _nm(without("PixelRepresentation"))),
    "identity-missing": Example(_nm(), _nm(without("StudyInstanceUID"))),
    "object-twice": Example(
        _nm(), _both(_nm(), lambda folder: _ignore(phantoms.nm_file(folder / "b.dcm", COUNTS + 1)))
    ),
    "patients-mixed": Example(_both(_nm(), _bed(4, 20)), _both(_nm(), _bed(4, 20, _other_patient))),
    # --- pixels
    "frame-size": Example(_nm(), _nm(setting(Rows=0))),
    "pixel-count": Example(_nm(), _nm(lambda d: setattr(d, "PixelData", d.PixelData[:-200]))),
    "pixels-too-large": Example(
        _nm(), _nm(without("NumberOfSlices", "SliceVector"), setting(NumberOfFrames=2_000_000_000))
    ),
    "colour-image": Example(_nm(), _nm(setting(SamplesPerPixel=3))),
    "lossy-compression": Example(_nm(setting(LossyImageCompression="00")), _nm(setting(LossyImageCompression="01"))),
    "compression-unknown": Example(_nm(_jpeg_ls), _nm(_syntax("1.2.840.10008.1.2.4.100"))),
    "compressed-pixels-damaged": Example(_nm(_jpeg_ls), _nm(_jpeg_ls, setting(Rows=36))),
    "bits-unusable": Example(_nm(), _nm(setting(BitsAllocated=12))),
    "bits-beyond-stored": Example(_nm(), _nm(_few_bits)),
    # --- geometry
    "pixel-spacing-missing": Example(_nm(), _nm(without("PixelSpacing"))),
    "pixel-spacing-not-positive": Example(_nm(), _nm(setting(PixelSpacing=[4.8, -4.8]))),
    "length-implausible": Example(_nm(), _nm(in_detector(ImagePositionPatient=["1e308", "-55.0", "99.0"]))),
    "image-position-missing": Example(_nm(dialects.mediso), _nm(in_detector(ImagePositionPatient=None))),
    "image-orientation-missing": Example(_nm(dialects.mediso), _nm(in_detector(ImageOrientationPatient=None))),
    "placed-twice": Example(_nm(_placed_at_top([-37.0, -55.0, 99.0])), _nm(_placed_at_top([-37.0, -55.0, 199.0]))),
    "axes-skewed": Example(_nm(), _nm(in_detector(ImageOrientationPatient=[1, 0, 0, 0.2, 1, 0]))),
    "frame-of-reference-missing": Example(_nm(), _nm(without("FrameOfReferenceUID"))),
    "slice-spacing-missing": Example(
        _nm(without("SpacingBetweenSlices")), _nm(without("SpacingBetweenSlices", "SliceThickness"))
    ),
    "slice-spacing-zero": Example(_nm(setting(SpacingBetweenSlices=-4.8)), _nm(setting(SpacingBetweenSlices=0.0))),
    "slice-vector": Example(_nm(), _nm(setting(SliceVector=[5, 4, 3, 2, 1]))),
    "several-volumes": Example(
        _nm(setting(EnergyWindowVector=[1, 1, 1, 1, 1])), _nm(setting(EnergyWindowVector=[1, 1, 2, 2, 2]))
    ),
    "frames-and-slices": Example(_nm(), _nm(setting(NumberOfSlices=4))),
    "single-slice": Example(_ct(), lambda folder: _ignore(phantoms.ct_series(folder, HU, leave_out=[0, 1, 2, 3, 4]))),
    "slices-oriented-differently": Example(
        _ct(), _ct(of_slice(3, setting(ImageOrientationPatient=[0.9962, 0.0872, 0, -0.0872, 0.9962, 0])))
    ),
    "pixel-sizes-differ": Example(_ct(), _ct(of_slice(3, setting(PixelSpacing=[3, 3])))),
    "slices-at-one-place": Example(_ct(), _ct(of_slice(3, moved(0, 0, -3)))),
    "gantry-tilt": Example(_ct(), _ct(_tilted)),
    "slices-shifted": Example(_ct(of_slice(3, moved(0.05, 0, 0))), _ct(of_slice(3, moved(2, 0, 0)))),
    "slice-missing": Example(_ct(), lambda folder: _ignore(phantoms.ct_series(folder, HU, leave_out=[2]))),
    "slices-uneven": Example(_ct(of_slice(6, moved(0, 0, 0.02))), _ct(of_slice(6, moved(0, 0, 1)))),
    "slices-disagree": Example(_pt(), _pt(of_slice(3, setting(CorrectedImage=["ATTN", "DECY"])))),
    "slice-count": Example(_pt(), lambda folder: _ignore(phantoms.bqml_series(folder, COUNTS, leave_out=[4]))),
    "functional-groups-incomplete": Example(_enhanced_ct(), _enhanced_ct(_frame_groups(4))),
    "concatenation-incomplete": Example(
        _enhanced_ct(setting(ConcatenationUID="1.2.3", InConcatenationTotalNumber=1)),
        _enhanced_ct(setting(ConcatenationUID="1.2.3", InConcatenationTotalNumber=2)),
    ),
    # --- values
    "units-missing": Example(_nm(), _nm(without("Units"))),
    "units-unusable": Example(_nm(setting(Units="CNTS")), _nm(setting(Units="GML"))),
    "count-rate": Example(_nm(), _nm(setting(Units="CPS"))),
    "rescale-slope-missing": Example(_pt(), _pt(without("RescaleSlope"))),
    "rescale-slope-not-positive": Example(_pt(), _pt(of_slice(2, setting(RescaleSlope=0)))),
    "mapping-incomplete": Example(_nm(_mapped(2.5), setting(DecayCorrection="NONE")), _nm(_mapped(0.0))),
    "several-mappings": Example(
        _nm(_mapped(2.5), _mapped(2.5), setting(DecayCorrection="NONE")), _nm(_mapped(2.5), _mapped(3.5))
    ),
    "mapping-contradicts-rescale": Example(_pt(_mapped_as_rescaled(1.0)), _pt(_mapped_as_rescaled(2.0))),
    "values-outside-mapping": Example(
        _nm(
            _mapped(2.5, RealWorldValueFirstValueMapped=0, RealWorldValueLastValueMapped=2000),
            setting(DecayCorrection="NONE"),
        ),
        _nm(
            _mapped(2.5, RealWorldValueFirstValueMapped=0, RealWorldValueLastValueMapped=500),
            setting(DecayCorrection="NONE"),
        ),
    ),
    "image-empty": Example(_nm(), _nm(setting(PixelData=bytes(2 * COUNTS.size)))),
    "dynamic-or-gated": Example(_pt(setting(SeriesType=["WHOLE BODY", "IMAGE"])), _pt(setting(SeriesType=["GATED"]))),
    "decay-reference-missing": Example(_pt(), _pt(without("DecayCorrection"))),
    "decay-reference-unknown": Example(_pt(), _pt(setting(DecayCorrection="MIDDLE"))),
    "decay-reference-contradictory": Example(
        _pt(setting(DecayCorrection="NONE", CorrectedImage=["ATTN"])), _pt(setting(DecayCorrection="NONE"))
    ),
    "decay-factor-contradictory": Example(_pt(setting(DecayFactor=1.0007)), _pt(setting(DecayFactor=1.31))),
    "counts-decay-corrected": Example(_nm(), _nm(setting(CorrectedImage=["ATTN", "DECY"]))),
    "administration-time-missing": Example(
        _pt(setting(DecayCorrection="ADMIN")),
        _pt(setting(DecayCorrection="ADMIN"), in_isotope(RadiopharmaceuticalStartDateTime=None)),
    ),
    # --- times and nuclide
    "acquisition-time-missing": Example(
        _nm(without("AcquisitionDate", "AcquisitionTime"), setting(AcquisitionDateTime="20250303140500")),
        _nm(without("AcquisitionTime")),
    ),
    "acquisition-times-contradict": Example(
        _nm(setting(AcquisitionDateTime="20250303140530")), _nm(setting(AcquisitionDateTime="20250303150500"))
    ),
    "acquisition-spread": Example(
        _pt(of_slice(3, setting(AcquisitionTime="143000"))), _pt(of_slice(3, setting(AcquisitionTime="233000")))
    ),
    "time-unreadable": Example(_nm(), _changed(lambda content: content.replace(b"140500.0", b"256100.0"))),
    "time-placeholder": Example(_nm(), _nm(setting(AcquisitionDate="19000101"))),
    "time-zone-unreadable": Example(
        _nm(setting(TimezoneOffsetFromUTC="+0100")), _nm(setting(TimezoneOffsetFromUTC="+2500"))
    ),
    # In Warsaw clocks were put forward from 2 to 3 o'clock on 30 March 2025.
    "time-in-clock-change": Example(
        _nm(setting(AcquisitionDate="20250330", AcquisitionTime="033000")),
        _nm(setting(AcquisitionDate="20250330", AcquisitionTime="023000")),
    ),
    "several-nuclides": Example(_nm(), _nm(_two_nuclides)),
    "half-life-contradicts-nuclide": Example(
        _nm(in_isotope(RadionuclideHalfLife=579_500)), _nm(in_isotope(RadionuclideHalfLife=6586.2))
    ),
    "frame-duration-not-positive": Example(_nm(), _nm(in_rotation(ActualFrameDuration=0))),
    "rotations-differ": Example(_nm(_two_rotations(20000)), _nm(_two_rotations(25000))),
    # --- beds
    "beds-off-grid": Example(_both(_nm(), _bed(4, 20)), _both(_nm(), _bed(4.4, 20))),
    "beds-nuclide-unknown": Example(
        _both(_nm(), _bed(4, 20)),
        _both(
            _nm(without("RadiopharmaceuticalInformationSequence", "EnergyWindowInformationSequence")),
            _bed(4, 20, without("RadiopharmaceuticalInformationSequence", "EnergyWindowInformationSequence")),
        ),
    ),
    "beds-counting-time": Example(
        _both(_nm(), _bed(4, 20)), _both(_nm(), _bed(4, 20, without("RotationInformationSequence")))
    ),
    # --- what is no SPECT or CT
    "image-type-missing": Example(_nm(), _nm(without("ImageType"))),
    "no-image-of-use": Example(_nm(), _nm(_raw_data)),
    "ct-localizer": Example(_ct(), _ct(setting(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]))),
    "ct-reformat": Example(_ct(), _ct(setting(ImageOrientationPatient=[1, 0, 0, 0, 0, -1]))),
    "pet-reprojection": Example(_pt(), _pt(setting(SeriesType=["STATIC", "REPROJECTION"]))),
    "nm-transmission": Example(_nm(), _nm(setting(ImageType=["ORIGINAL", "PRIMARY", "RECON TOMO", "TRANSMISSION"]))),
    "nm-not-reconstructed": Example(_nm(), _nm(setting(ImageType=["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"]))),
    "other-nuclide": Example(_nm(), _nm(_of_technetium)),
    # --- VOIs
    "voi-frame-missing": Example(_both(_nm(), _structures()), _both(_nm(), _structures(_nowhere))),
    "voi-image-absent": Example(_both(_nm(), _structures()), _both(_nm(), _structures(_elsewhere))),
}
