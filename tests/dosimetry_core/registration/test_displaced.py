"""A few of the displaced pairs that the long tests run by the hundred."""

from __future__ import annotations

import pytest

from dosimetry_core.registration import register_rigid_ct
from tests.displaced_subjects import torso_subject, virtual_subject
from tests.displacements import DisplacedSubject, displaced_pair

# 1.5 mm of misregistration cost a kidney 1 % (methods 1.5b).
KIDNEY_LIMIT_MM = 1.5


@pytest.fixture(scope="module")
def torso() -> DisplacedSubject:
    return torso_subject()


@pytest.fixture(scope="module")
def patient() -> DisplacedSubject:
    return virtual_subject(1)


# Shortened with a couch; moved arms; shortened and narrowed. The others narrow it, and shorten it again.
@pytest.mark.parametrize("number", [0, 7, 30, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 9, 26))])
def test_that_kidneys_of_a_torso_are_found_again(torso: DisplacedSubject, number: int) -> None:
    pair = displaced_pair(torso, number)
    found = register_rigid_ct(pair.reference, pair.moving)
    assert pair.kidney_error_mm(found.transform) < KIDNEY_LIMIT_MM
    assert "registration-failed" not in [finding.code for finding in found.findings]


@pytest.mark.parametrize("number", [3, pytest.param(18, marks=pytest.mark.long)])
def test_that_kidneys_of_a_virtual_patient_are_found_again(patient: DisplacedSubject, number: int) -> None:
    pair = displaced_pair(patient, number)
    found = register_rigid_ct(pair.reference, pair.moving)
    assert pair.kidney_error_mm(found.transform) < KIDNEY_LIMIT_MM
