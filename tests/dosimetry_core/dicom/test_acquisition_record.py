"""What files say of camera and reconstruction, taken over word by word."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from dosimetry_core.dicom.acquisition_record import UNREADABLE, acquisition_record
from dosimetry_core.dicom.header import Header
from dosimetry_core.image import AcquisitionRecord


def _item(**elements: object) -> Dataset:
    item = Dataset()
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return item


def _record(dataset: Dataset) -> AcquisitionRecord:
    return acquisition_record(Header(dataset, "file"))


def _window(name: str, low: str, high: str) -> Dataset:
    limits = _item(EnergyWindowLowerLimit=low, EnergyWindowUpperLimit=high)
    return _item(EnergyWindowName=name, EnergyWindowRangeSequence=Items([limits]))


def test_that_a_nuclear_medicine_image_says_it_in_its_sequences() -> None:
    head = {"CollimatorGridName": "MEGP", "CollimatorType": "PARA"}
    dataset = _item(
        StationName="NM2",
        CorrectedImage=["ATTN", "SCAT"],
        DetectorInformationSequence=Items([_item(**head), _item(**head)]),
        EnergyWindowInformationSequence=Items([_window("Lu208", "187.2", "228.8"), _window("", "105", "121")]),
        RotationInformationSequence=Items([_item(ScanArc="180")]),
        TypeOfDetectorMotion="STEP AND SHOOT",
        ReconstructionMethod="OSEM",
        ConvolutionKernel=["Gauss", "6 mm"],
    )
    assert _record(dataset) == AcquisitionRecord(
        station="NM2",
        collimator="MEGP, PARA",
        energy_windows=("Lu208: 187.2–228.8 keV", "105–121 keV"),
        detector_motion="STEP AND SHOOT",
        scan_arc_deg=180.0,
        corrections=("ATTN", "SCAT"),
        corrections_listed=True,
        reconstruction="OSEM",
        reconstruction_filter="Gauss, 6 mm",
    )


def test_that_heads_with_other_collimators_are_both_named() -> None:
    heads = Items([_item(CollimatorGridName="MEGP"), _item(CollimatorGridName="HEGP")])
    assert _record(_item(DetectorInformationSequence=heads)).collimator == "MEGP, HEGP"


def test_that_slices_say_it_at_their_top() -> None:
    limits = _item(EnergyWindowLowerLimit="187.2", EnergyWindowUpperLimit="228.8")
    dataset = _item(
        CollimatorType="NONE",
        EnergyWindowRangeSequence=Items([limits]),
        AttenuationCorrectionMethod="CT",
        ScatterCorrectionMethod="windows",
    )
    found = _record(dataset)
    assert (found.collimator, found.energy_windows) == ("NONE", ("187.2–228.8 keV",))
    assert (found.attenuation_method, found.scatter_method) == ("CT", "windows")
    assert not found.corrections_listed


def test_that_silent_files_give_an_empty_record() -> None:
    assert _record(Dataset()) == AcquisitionRecord()


def test_that_a_damaged_element_is_called_unreadable_and_refuses_nothing() -> None:
    dataset = Dataset()
    dataset.add_new("ReconstructionMethod", "SQ", Items([Dataset()]))
    assert _record(dataset).reconstruction == UNREADABLE
