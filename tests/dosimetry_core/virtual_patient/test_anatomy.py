from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.units import MM3_PER_ML
from dosimetry_core.virtual_patient.anatomy import with_lesions
from dosimetry_core.virtual_patient.body import draw_body
from dosimetry_core.virtual_patient.canvas import Canvas, Tissue
from dosimetry_core.virtual_patient.seeding import Seed
from dosimetry_core.virtual_patient.shapes import Ellipsoid
from tests.dosimetry_core.virtual_patient.conftest import Individual


def test_that_organs_have_human_sizes(individual: Individual) -> None:
    volume = {name: individual.anatomy.volume_ml(t) for name, t in individual.anatomy.tissues.items()}
    assert 120 < volume["Kidney L"] < 200
    assert 120 < volume["Kidney R"] < 200
    assert 1100 < volume["Liver"] < 1900
    assert 110 < volume["Spleen"] < 260
    # A roomy renal pelvis: half of it lies outside the hilum.
    assert 2 < individual.anatomy.volume_ml((Tissue.PELVIS_LEFT,)) < 15


def test_that_voxelised_lesions_have_the_volume_of_their_ellipsoids(individual: Individual) -> None:
    for lesion in individual.anatomy.lesions:
        voxels_ml = individual.anatomy.volume_ml(individual.anatomy.tissues[lesion.name])
        # 1.25 mm voxels; 2 mL hold a thousand of them: 1.5 % allowed.
        assert voxels_ml == pytest.approx(lesion.shape.volume_mm3() / MM3_PER_ML, rel=0.015)


def test_that_liver_lesions_lie_in_the_liver_and_apart(individual: Individual) -> None:
    bare = with_lesions(individual.anatomy, ())
    canvas = Canvas()
    for lesion in individual.anatomy.lesions:
        if lesion.site != "liver":
            continue
        box = canvas.around(lesion.shape.centre_mm, lesion.shape.reach_mm())
        inside = canvas.level(lesion.shape.level, box) < 0
        own = individual.anatomy.tissues[lesion.name][0]
        assert set(np.unique(individual.anatomy.labels[box][inside])) == {own}
    assert bare.enclosed == {}


@pytest.mark.parametrize("number", range(1, 13))
def test_that_every_seed_draws_three_to_five_liver_lesions_of_2_to_40_ml(number: int) -> None:
    body = draw_body(Seed(number))
    volumes = [lesion.shape.volume_mm3() / MM3_PER_ML for lesion in body.lesions]
    assert 3 <= sum(lesion.site == "liver" for lesion in body.lesions) <= 5
    assert sorted({lesion.site for lesion in body.lesions}) == ["bone", "liver", "lymph node"]
    assert all(2 <= volume <= 40 for volume in volumes)
    assert body == draw_body(Seed(number))
    assert body.sex == ("F" if number % 2 else "M")


def test_that_kidneys_differ_between_seeds() -> None:
    assert len({draw_body(Seed(n)).kidney_left.radii_mm for n in range(6)}) == 6


def test_that_the_level_of_an_ellipsoid_is_a_distance_near_its_surface() -> None:
    shape = Ellipsoid((10.0, 0.0, 0.0), (20.0, 20.0, 20.0))
    x = np.array([[[10.0, 29.0, 30.0, 31.0]]])
    level = shape.level(x, np.zeros((1, 1, 1)), np.zeros((1, 1, 1)))[0, 0]
    assert level[0] < -10
    assert level[1:] == pytest.approx([-1.0, 0.0, 1.0], abs=1e-4)
