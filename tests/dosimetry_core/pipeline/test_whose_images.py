"""Images of somebody else stay out of a case, also where they carry no patient ID."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from dosimetry_core.case_file import read_case
from dosimetry_core.dicom.person_names import contradict
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.pipeline.images import import_case
from tests.small_study import CASE, write_small_case


@pytest.mark.parametrize(
    ("one", "other", "two_people"),
    [
        ("Demo^Patient", "DEMO^PATIENT^^^", False),
        ("Demo^Patient", "Patient Demo", False),
        ("Kowalska^Anna", "Kowalska^Anna^Maria", False),
        ("Müller^Jörg", "Muller^Jorg", False),
        ("Yamada^Tarou=山田^太郎", "山田^太郎", False),
        ("", "Demo^Patient", False),
        ("Kowalska^Anna", "Kowalska^Ewa", True),
        ("Demo^Patient", "Other^One", True),
    ],
)
def test_that_names_contradict_where_each_has_a_word_that_the_other_lacks(
    one: str, other: str, two_people: bool
) -> None:
    assert contradict(one, other) is two_people
    assert contradict(other, one) is two_people


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small_case(
        tmp_path, CASE.replace('["images"]', '["images/visit1"]').replace('vois = ["vois.dcm"]\n', "")
    )


def _renamed(folder: Path, patient_id: str, name: str) -> None:
    for path in (folder / "images" / "visit1").rglob("*.dcm"):
        dataset = pydicom.dcmread(path)
        dataset.PatientID, dataset.PatientName = patient_id, name
        dataset.save_as(path)


@pytest.mark.parametrize(("patient_id", "name"), [("P-9", "Demo^Patient"), ("", "Other^One")])
def test_that_images_of_somebody_else_are_refused(folder: Path, patient_id: str, name: str) -> None:
    _renamed(folder, patient_id, name)
    with pytest.raises(InconsistentCaseError, match="the case is of"):
        import_case(read_case(folder))


@pytest.mark.parametrize("name", ["Demo^Patient", ""])
def test_that_images_without_an_id_are_taken_with_a_warning_where_no_name_contradicts(folder: Path, name: str) -> None:
    _renamed(folder, "", name)
    (cycle,) = import_case(read_case(folder)).cycles
    assert "patient-id-missing" in {finding.code for finding in cycle.import_findings}
