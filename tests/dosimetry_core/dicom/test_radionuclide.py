from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dosimetry_core.dicom.header import Header
from dosimetry_core.dicom.radionuclide import nuclide_in_text, radiopharmaceutical
from dosimetry_core.errors import DicomReadError


@pytest.mark.parametrize(
    "text",
    ["177Lu", "Lu177", "LU-177 DOTATATE", "^177^Lutetium", "Lutetium-177", "Lutetium^177^ DOTATATE", "[177Lu]Lu-DOTA"],
)
def test_that_usual_spellings_are_understood(text: str) -> None:
    assert nuclide_in_text(text) == "Lu-177"


def test_that_other_nuclides_and_numbers_are_told_apart() -> None:
    assert nuclide_in_text("^99m^Technetium") == "Tc-99m"
    assert nuclide_in_text("68Ga DOTATOC") == "Ga-68"
    assert nuclide_in_text("Y90") == "Y-90"
    assert nuclide_in_text("diluted in 20 mL") is None
    assert nuclide_in_text("") is None


def _header(
    meaning: str = "", half_life_s: float | None = None, window: tuple[float, float] | None = None, dose: float = 0
) -> Header:
    item = Dataset()
    if meaning:
        code = Dataset()
        code.CodeMeaning = meaning
        item.RadionuclideCodeSequence = Sequence([code])
    if half_life_s:
        item.RadionuclideHalfLife = half_life_s
    if dose:
        item.RadionuclideTotalDose = dose
    dataset = Dataset()
    dataset.RadiopharmaceuticalInformationSequence = Sequence([item])
    if window:
        part, outer = Dataset(), Dataset()
        part.EnergyWindowLowerLimit, part.EnergyWindowUpperLimit = window
        outer.EnergyWindowRangeSequence = Sequence([part])
        dataset.EnergyWindowInformationSequence = Sequence([outer])
    return Header(dataset, "scan.dcm")


def _codes(header: Header) -> list[str]:
    return [finding.code for finding in radiopharmaceutical(header, activity_in_mbq=True).findings]


def test_that_the_nuclide_comes_from_code_then_half_life_then_window() -> None:
    assert radiopharmaceutical(_header("177Lu"), activity_in_mbq=True).nuclide == "Lu-177"
    by_half_life = radiopharmaceutical(_header(half_life_s=6.71 * 86400), activity_in_mbq=True)
    assert by_half_life.nuclide == "Lu-177"
    assert radiopharmaceutical(_header(half_life_s=64.1 * 3600), activity_in_mbq=True).nuclide == "Y-90"
    assert radiopharmaceutical(_header(window=(187, 229)), activity_in_mbq=True).nuclide == "Lu-177"
    assert radiopharmaceutical(_header(window=(20, 700)), activity_in_mbq=True).nuclide is None
    assert _codes(_header(window=(126, 154))) == ["nuclide-unknown"]


@pytest.mark.parametrize(
    ("value", "scheme", "expected"),
    [
        ("447553000", "SCT", "Lu-177"),
        ("C-101ED", "SRT", "Lu-177"),
        ("14691008", "SCT", "Y-90"),
        ("C-162A7", "SRT", "Y-90"),
    ],
)
def test_that_codes_of_both_snomed_schemes_are_known_without_their_meaning(
    value: str, scheme: str, expected: str
) -> None:
    header = _header("x")
    (item,) = header.dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideCodeSequence
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, value
    assert radiopharmaceutical(header, activity_in_mbq=True).nuclide == expected


def test_that_a_half_life_that_belongs_to_another_nuclide_is_refused() -> None:
    with pytest.raises(DicomReadError, match=r"Half Life .* 6586.2 s \(0.076 d\), but Lu-177 has 574301 s"):
        radiopharmaceutical(_header("177Lu", 6586.2), activity_in_mbq=True)
    with pytest.raises(DicomReadError, match="Half Life"):
        radiopharmaceutical(_header("177Lu", 159.5), activity_in_mbq=True)  # hours taken for seconds


def test_that_a_window_beside_the_photopeaks_is_remarked() -> None:
    assert _codes(_header("177Lu", window=(126, 154))) == ["energy-window"]


def test_that_the_stated_activity_is_in_mbq_in_nm_and_in_bq_in_pet_images() -> None:
    nm = radiopharmaceutical(_header("177Lu", dose=7400), activity_in_mbq=True)
    pet = radiopharmaceutical(_header("177Lu", dose=7.4e9), activity_in_mbq=False)
    assert nm.stated_administered_activity_bq == pet.stated_administered_activity_bq == 7.4e9


def test_that_an_activity_in_the_wrong_unit_is_remarked_and_not_used() -> None:
    for dose, in_mbq in ((7.4e9, True), (7400.0, False)):
        given = radiopharmaceutical(_header("177Lu", dose=dose), activity_in_mbq=in_mbq)
        assert given.stated_administered_activity_bq is None
        assert "stated-activity-unit" in [finding.code for finding in given.findings]
