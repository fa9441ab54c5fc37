"""What becomes of each series of a reading: an image, a remark that it is of no use here, or an error."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path

from pydicom.uid import (
    UID,
    CTImageStorage,
    NuclearMedicineImageStorage,
    PositronEmissionTomographyImageStorage,
)

from dosimetry_core.cores import usable_cores
from dosimetry_core.dicom.assembly import Stated
from dosimetry_core.dicom.description import ImageFacts, facts_of
from dosimetry_core.dicom.enhanced import ENHANCED_CT, ENHANCED_PET, frame_header, is_enhanced
from dosimetry_core.dicom.files import DicomFile
from dosimetry_core.dicom.grid import is_axial
from dosimetry_core.dicom.image_reading import place_of, read_image
from dosimetry_core.dicom.radionuclide import radiopharmaceutical
from dosimetry_core.dicom.rules import OPEN_QUESTIONS
from dosimetry_core.dicom.timing import Clock
from dosimetry_core.errors import DosimetryError, Finding
from dosimetry_core.image import ImageSeries
from dosimetry_core.nuclide import LU177, Y90
from dosimetry_core.progress import Cancelled, Progress

IMAGE_CLASSES = (
    CTImageStorage,
    PositronEmissionTomographyImageStorage,
    NuclearMedicineImageStorage,
    *ENHANCED_CT,
    *ENHANCED_PET,
)
"""SOP classes of the images that are read."""
_EMISSION = (PositronEmissionTomographyImageStorage, NuclearMedicineImageStorage, *ENHANCED_PET)
_REPORT_EVERY_S = 0.1
# The standard's word for what is no emission (PS3.3 C.8.4.9.1.1), and those that attenuation maps are found under.
_NO_EMISSION = ("TRANSMISSION", "ATTEN", "MUMAP", "MU MAP", "MU_MAP")


@dataclass(frozen=True)
class IgnoredFile:
    """A readable file that is no SPECT, CT or VOI object: what it is, and why it is not used (with the rule's name)."""

    path: Path
    what: str
    why: str
    rule: str = ""


@dataclass(frozen=True, eq=False)
class DescribedImage:
    """Facts of one series, and what became of it: read, not used, or refused with an error.

    ``questions``: rules that ask something; it would be a SPECT if the user answered all of them.
    """

    paths: tuple[Path, ...]
    facts: ImageFacts
    image: ImageSeries | None = None
    ignored: IgnoredFile | None = None
    error: DosimetryError | None = None
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one series.

    Parameters
    ----------
    nm_left_out
        Study, kind and place of a nuclear-medicine image that is not used.
    """

    image: ImageSeries | None = None
    problem: DosimetryError | None = None
    findings: tuple[Finding, ...] = ()
    ignored: tuple[IgnoredFile, ...] = ()
    described: tuple[DescribedImage, ...] = ()
    nm_left_out: tuple[tuple[str, str, str], ...] = ()


class Making:
    """Makes images of series, by one clock and what the user says of silent files.

    Parameters
    ----------
    describe
        Whether the facts of every series are wanted.
    """

    def __init__(self, clock: Clock, stated: Stated, describe: bool) -> None:
        self._clock, self._stated, self._describe = clock, stated, describe

    def outcomes(
        self, groups: Sequence[list[DicomFile]], progress: Progress, *, keep_pixels: bool = False
    ) -> list[Outcome]:
        """What becomes of each series, on the cores there are: decoding and scaling release the interpreter lock.

        Progress is told by the calling thread; what it raises stops the others. Files let go of pixels that are used,
        unless they are to be kept for another time.
        """
        shares = [0.0] * len(groups)
        stopped = threading.Event()

        def outcome_of(number: int) -> Outcome:
            def report(fraction: float, message: str) -> None:
                if stopped.is_set():
                    raise Cancelled
                shares[number] = fraction

            outcome = self._outcome(groups[number], report)
            if outcome.image is not None and not keep_pixels:
                for file in groups[number]:
                    file.release_pixels()
            shares[number] = 1.0
            return outcome

        with ThreadPoolExecutor(max_workers=usable_cores()) as executor:
            futures = [executor.submit(outcome_of, number) for number in range(len(groups))]
            waiting = set(futures)
            try:
                while waiting:
                    progress(sum(shares) / len(shares), "Checking series")
                    waiting = wait(waiting, timeout=_REPORT_EVERY_S).not_done
            finally:
                stopped.set()
                executor.shutdown(cancel_futures=True)
        return [future.result() for future in futures]

    def refused(self, group: list[DicomFile], error: DosimetryError) -> Outcome:
        """A series that can't be read right; one of another nuclide is of no use here anyway."""
        other = _other_nuclide(group)
        if other is not None:
            return self._of_other_nuclide(group, other)
        asks = self._questions(group, error) if self._describe else ()
        return Outcome(problem=error, described=self._described_as(group, error=error, questions=asks))

    def _questions(self, group: list[DicomFile], error: DosimetryError) -> tuple[str, ...]:
        """What the user has to answer for a SPECT, by rule; none if answers alone don't make it one.

        The answers tried here are used for nothing else.
        """
        stated, asked = self._stated, list[str]()
        while error.rule in OPEN_QUESTIONS and error.rule not in asked:
            asked.append(error.rule)
            key = OPEN_QUESTIONS[error.rule]
            if key == "image_quantity":
                stated = replace(stated, quantity=stated.quantity or "counts")
            elif key == "image_position_mm":
                stated = replace(stated, position_mm=stated.position_mm or (0.0, 0.0, 0.0))
            elif error.rule == "administration-time-missing":
                stated = replace(stated, decay_reference="administration")
            else:
                stated = replace(stated, decay_reference=stated.decay_reference or "acquisition-start")
            try:
                return tuple(asked) if read_image(group, self._clock, stated).kind == "spect" else ()
            except DosimetryError as another:
                error = another
        return ()

    def _of_other_nuclide(self, group: list[DicomFile], name: str, image: ImageSeries | None = None) -> Outcome:
        why_not = f"an image of {name}, not of the therapy"
        remark = Finding("other-nuclide", "warning", f"not used: {why_not}", place_of(group))
        outcome = self._left_out(group, f"SPECT or PET of {name}", why_not, "other-nuclide", image)
        return replace(outcome, findings=(remark,), nm_left_out=())

    def _outcome(self, group: list[DicomFile], progress: Progress) -> Outcome:
        why = why_ignored(group[0])
        if why:
            return self._left_out(group, *why)
        try:
            image = read_image(group, self._clock, self._stated, progress=progress)
        except DosimetryError as error:
            return self.refused(group, error)
        if image.kind == "spect" and image.nuclide not in (LU177, Y90, None):
            return self._of_other_nuclide(group, image.nuclide, image)
        return Outcome(image, described=self._described_as(group, image=image))

    def _left_out(
        self, group: list[DicomFile], what: str, why: str, rule: str, image: ImageSeries | None = None
    ) -> Outcome:
        ignored = tuple(IgnoredFile(file.path, what, why, rule) for file in group)
        shown = self._described_as(group, image=image, ignored=ignored[0]) if is_image(group[0]) else ()
        of_nm = group[0].sop_class_uid == NuclearMedicineImageStorage and image is None
        left_out = (group[0].header.text("StudyInstanceUID"), what, place_of(group))
        return Outcome(ignored=ignored, described=shown, nm_left_out=(left_out,) if of_nm else ())

    def _described_as(
        self,
        group: list[DicomFile],
        *,
        image: ImageSeries | None = None,
        ignored: IgnoredFile | None = None,
        error: DosimetryError | None = None,
        questions: tuple[str, ...] = (),
    ) -> tuple[DescribedImage, ...]:
        if not self._describe:
            return ()
        paths = tuple(file.path for file in group)
        return (DescribedImage(paths, facts_of(group, image), image, ignored, error, questions),)


def is_image(file: DicomFile) -> bool:
    """Whether it is worth saying what the file shows: an image of use, or one that is not."""
    return file.sop_class_uid in IMAGE_CLASSES or (file.header.has("Rows") and file.header.has("SeriesInstanceUID"))


def _other_nuclide(group: Sequence[DicomFile]) -> str | None:
    """The nuclide that a SPECT or PET says it is of, if that is none of the therapy; None where it doesn't say."""
    first = group[0]
    if first.sop_class_uid not in _EMISSION:
        return None
    try:
        header = frame_header(first) if is_enhanced(first) else first.header
        name = radiopharmaceutical(header, activity_in_mbq=False).nuclide
    except DosimetryError:
        return None
    return None if name in (LU177, Y90) else name


def why_ignored(file: DicomFile) -> tuple[str, str, str] | None:
    """What a file is, why it is not used and by which rule, or None if it is a SPECT or CT image."""
    header = file.header
    uid = file.sop_class_uid
    kinds = [part.upper() for part in header.texts("ImageType")]
    if uid not in IMAGE_CLASSES:
        return UID(uid).name if uid else "unknown object", "holds no SPECT, CT or VOI", "no-image-of-use"
    if uid == CTImageStorage or uid in ENHANCED_CT:
        if "LOCALIZER" in kinds:
            return "CT localizer", "a localizer is no volume", "ct-localizer"
        place = frame_header(file) if is_enhanced(file) else header
        cosines = place.vector("ImageOrientationPatient", 6)
        if cosines is not None and not is_axial(cosines):
            return "CT reformat", "not axial; the axial series is used", "ct-reformat"
        return None
    if uid == PositronEmissionTomographyImageStorage or uid in ENHANCED_PET:
        if "REPROJECTION" in [part.upper() for part in header.texts("SeriesType")]:
            return "PET reprojection", "a projection is no volume", "pet-reprojection"
        return None
    if len(kinds) < 3:
        remedy = "export it with its image type (RECON TOMO for reconstructed SPECT)"
        raise header.missing("ImageType", remedy, rule="image-type-missing")
    if any(word in kind for kind in kinds for word in _NO_EMISSION):
        return "NM transmission image", "not an emission image", "nm-transmission"
    if kinds[2] != "RECON TOMO":
        what = f"NM image ({kinds[2].lower()})"
        return what, "not a reconstructed tomogram (RECON TOMO)", "nm-not-reconstructed"
    return None
