from __future__ import annotations

import functools
from dataclasses import dataclass

import pytest

from dosimetry_core.virtual_patient.anatomy import Anatomy, voxelise, with_lesions
from dosimetry_core.virtual_patient.body import Body, draw_body
from dosimetry_core.virtual_patient.course import TreatmentCycle, draw_course
from dosimetry_core.virtual_patient.demonstration import VisitImages, image_visit
from dosimetry_core.virtual_patient.seeding import Seed
from dosimetry_core.virtual_patient.spect import ActivityPhantom


@dataclass(frozen=True, eq=False)
class Individual:
    seed: Seed
    body: Body
    anatomy: Anatomy
    cycles: list[TreatmentCycle]
    phantom: ActivityPhantom

    @functools.lru_cache(maxsize=4)  # noqa: B019 - one individual lives as long as the session
    def images(self, visit: int) -> VisitImages:
        """SPECT of a visit of cycle 1, counted from 0."""
        return image_visit(self.seed, self.cycles[0], self.cycles[0].visits[visit], self.phantom)


@pytest.fixture(scope="session")
def individual() -> Individual:
    """Seed 3 with the lesions of cycle 1 in both cycles."""
    seed = Seed(3, "duonen-b")
    body = draw_body(seed)
    anatomy = with_lesions(voxelise(body, seed), body.lesions)
    cycles = draw_course(seed, "duonen-b", body, [anatomy, anatomy])
    return Individual(seed, body, anatomy, cycles, ActivityPhantom(anatomy, 1.0))
