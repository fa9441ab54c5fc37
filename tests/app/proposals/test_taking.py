"""Proposals become VOIs: marked, none replaced, accepted one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.proposals.taking import label_volume, new_ones, with_proposals, with_voi_reviewed
from dosimetry_core.case import Case, Course, Patient
from dosimetry_core.errors import Finding
from dosimetry_core.proposals import VoiProposals
from dosimetry_core.quantification.findings import proposal_findings
from dosimetry_core.voi import Role, Voi, VoiMask
from tests.dosimetry_core.bodies import grid
from tests.dosimetry_core.proposals.trunks import trunk

GRID = grid((10, 12, 14), (3.0, 3.0, 3.0))


def voi(name: str, role: Role, column: int, *, proposed: bool = True, size: int = 3) -> Voi:
    coverage = np.full((size, size, size), 255, np.uint8)
    return Voi(f"id-{name}-{proposed}", name, role, VoiMask(GRID, (2, 3, column), coverage), proposed=proposed)


@pytest.fixture
def case() -> Case:
    cycle, _ = trunk()
    drawn = (voi("Nerka L", "kidney_left", 1, proposed=False), voi("Lesion 1", "lesion", 8, proposed=False))
    return Case(Patient("P", "P", "F", "UTC"), Course("duonen-d"), (replace(cycle, vois=drawn),))


PROPOSALS = VoiProposals(
    (
        voi("Kidney L", "kidney_left", 1),
        voi("Kidney R", "kidney_right", 5),
        voi("Lesion 1", "lesion", 8),
        voi("Lesion 2", "lesion", 0),
    ),
    (Finding("proposal-uncertain", "warning", "No spleen.", "cycle 1"),),
)


def test_that_what_is_drawn_stays_and_the_rest_is_added_as_proposed(case: Case) -> None:
    reference = case.cycles[0].time_points[0]
    after = with_proposals(case, 0, PROPOSALS, reference)
    names = {one.name: one for one in after.cycles[0].vois}
    assert set(names) == {"Nerka L", "Lesion 1", "Kidney R", "Lesion 2"}
    assert names["Nerka L"] is case.cycles[0].vois[0]
    assert names["Kidney R"].proposed
    assert names["Lesion 2"].proposed
    assert [finding.code for finding in after.cycles[0].import_findings] == ["proposal-uncertain"]


def test_that_a_new_lesion_takes_no_name_of_another_cycle(case: Case) -> None:
    added = new_ones(case.cycles[0], PROPOSALS.vois, {"Lesion 2"})
    assert [one.name for one in added if one.role == "lesion"] == ["Lesion 3"]


def test_that_proposals_for_other_images_are_not_taken(case: Case) -> None:
    other = replace(case.cycles[0].time_points[0], spect=replace(case.cycles[0].time_points[0].spect))
    assert with_proposals(case, 0, PROPOSALS, other) is case


def test_that_unreviewed_proposals_are_an_error_until_each_is_reviewed(case: Case) -> None:
    after = with_proposals(case, 0, PROPOSALS, case.cycles[0].time_points[0])
    for waiting in ("Kidney R", "Lesion 2"):
        found = proposal_findings(after.cycles[0].vois, "cycle 1")
        assert [(finding.code, finding.level) for finding in found] == [("proposal-unreviewed", "error")]
        assert waiting in found[0].text
        one = next(one for one in after.cycles[0].vois if one.name == waiting)
        after = with_voi_reviewed(after, 0, one.voi_id)
    assert proposal_findings(after.cycles[0].vois, "cycle 1") == []
    assert with_voi_reviewed(after, 0, after.cycles[0].vois[0].voi_id) is after


def test_that_in_a_label_volume_a_lesion_lies_over_the_organ_that_holds_it() -> None:
    organ, lesion = voi("Liver", "liver", 1, size=6), voi("Lesion 1", "lesion", 2, size=2)
    labels, names = label_volume([lesion, organ])
    assert (labels == 1).sum() == 8
    assert (labels == 2).sum() == 6**3 - 8
    assert names["1"] == {"name": "Lesion 1", "role": "lesion", "proposed": True}
