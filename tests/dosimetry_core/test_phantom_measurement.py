"""Virtual phantoms with known recovery and width, measured as a physicist would."""

from __future__ import annotations

import numpy as np
import pytest

from dosimetry_core.case import Calibration
from dosimetry_core.errors import DosimetryError
from dosimetry_core.image import ImageSeries
from dosimetry_core.nuclide import LU177
from dosimetry_core.phantom_measurement import measured_edges, measured_point, measured_spheres
from dosimetry_core.volume import Volume
from tests.dosimetry_core.bodies import START, series
from tests.virtual_phantoms import (
    DIAMETERS_MM,
    VirtualPhantom,
    cylinder_phantom,
    point_phantom,
    sphere_centres_mm,
    sphere_phantom,
    true_recoveries,
)

SENSITIVITY = 9.61e-6
DURATION_S = 1800.0
TRUE_BQ_PER_ML = 500e3


def _counted(phantom: VirtualPhantom, true_bq_per_ml: float, seed: int | None = None) -> ImageSeries:
    """Counts of half an hour; decay while counting (0.1 %) left out of the truth, as tests allow for it."""
    mean = phantom.values * true_bq_per_ml * phantom.grid.voxel_volume_ml * SENSITIVITY * DURATION_S
    counts = mean if seed is None else np.random.default_rng(seed).poisson(np.clip(mean, 0, None))
    volume = Volume(counts.astype(np.float32), phantom.grid, "counts")
    return series("spect", volume, frame="1", nuclide=LU177, counting_duration_s=DURATION_S)


CAMERA = Calibration(sensitivity_cps_per_bq=SENSITIVITY, convention="clock-seconds-all-heads")


@pytest.fixture(scope="module", params=[0.0, 0.1], ids=["cold", "warm"])
def spheres(request: pytest.FixtureRequest) -> tuple[VirtualPhantom, float]:
    return sphere_phantom(9.0, request.param), request.param


def test_that_spheres_are_found_and_recover_as_they_were_blurred(spheres: tuple[VirtualPhantom, float]) -> None:
    phantom, background = spheres
    found = measured_spheres(
        _counted(phantom, TRUE_BQ_PER_ML, seed=3),
        CAMERA,
        diameters_mm=DIAMETERS_MM,
        sphere_bq_per_ml=TRUE_BQ_PER_ML,
        background_bq_per_ml=background * TRUE_BQ_PER_ML,
        activity_time=START,
    )
    truth = zip(sphere_centres_mm(), true_recoveries(phantom, background), strict=True)
    for sphere, (centre, true) in zip(found.spheres, truth, strict=True):
        # A third of a voxel; the smallest sphere has 200 counts above those around it.
        assert np.linalg.norm(np.subtract(sphere.centre_mm, centre)) < 1.6
        # A middle that is half a millimetre off costs the smallest sphere 2 %; noise in it is 2 %.
        assert sphere.recovery == pytest.approx(true, rel=0.05)
    # Two parameters through six spheres of a Gaussian blur: residuals of a few per cent are the curve's own.
    assert found.fit.residual_relative < 0.06
    assert max(map(abs, found.residuals)) < 0.12
    assert [sphere.recovery for sphere in found.spheres] == sorted(sphere.recovery for sphere in found.spheres)


def test_that_the_curve_is_that_of_the_true_recoveries() -> None:
    from dosimetry_core.camera_calibration import fitted_recovery

    phantom = sphere_phantom(9.0)
    found = measured_spheres(
        _counted(phantom, TRUE_BQ_PER_ML),
        CAMERA,
        diameters_mm=DIAMETERS_MM,
        sphere_bq_per_ml=TRUE_BQ_PER_ML,
        activity_time=START,
        centres_mm=sphere_centres_mm(),
    )
    true = fitted_recovery([s.volume_ml for s in found.spheres], true_recoveries(phantom))
    assert found.fit.curve.b_ml == pytest.approx(true.curve.b_ml, rel=0.03)
    assert found.fit.curve.gamma == pytest.approx(true.curve.gamma, rel=0.03)


def test_that_a_wrong_order_of_spheres_is_said() -> None:
    found = measured_spheres(
        _counted(sphere_phantom(9.0), TRUE_BQ_PER_ML),
        CAMERA,
        diameters_mm=DIAMETERS_MM,
        sphere_bq_per_ml=TRUE_BQ_PER_ML,
        activity_time=START,
        centres_mm=[*sphere_centres_mm()[:-2], *reversed(sphere_centres_mm()[-2:])],
    )
    assert "phantom-spheres-order" in [finding.code for finding in found.findings]


def test_that_too_high_a_recovery_is_said_and_missing_spheres_are_refused() -> None:
    image = _counted(sphere_phantom(9.0), TRUE_BQ_PER_ML)
    found = measured_spheres(
        image, CAMERA, diameters_mm=DIAMETERS_MM, sphere_bq_per_ml=0.66 * TRUE_BQ_PER_ML, activity_time=START
    )
    assert "phantom-recovery-high" in [finding.code for finding in found.findings]
    with pytest.raises(DosimetryError, match="8 spheres were not found"):
        measured_spheres(
            image, CAMERA, diameters_mm=[*DIAMETERS_MM, 8.0, 9.0], sphere_bq_per_ml=TRUE_BQ_PER_ML, activity_time=START
        )
    with pytest.raises(DosimetryError, match="hotter"):
        measured_spheres(image, CAMERA, diameters_mm=DIAMETERS_MM, sphere_bq_per_ml=0.0, activity_time=START)


@pytest.mark.parametrize("fwhm", [6.0, 9.0, 13.0])
def test_that_the_ends_of_a_cylinder_give_the_blur(fwhm: float) -> None:
    phantom = cylinder_phantom(fwhm)
    volume = Volume(phantom.counts(3e7, 1).astype(np.float32), phantom.grid, "counts")
    image = series("spect", volume, frame="1", nuclide=LU177, counting_duration_s=DURATION_S)
    for edge in measured_edges(image, "z"):
        assert edge.fwhm_mm == pytest.approx(fwhm, rel=0.02)
        assert edge.residual_relative < 0.02


def test_that_a_point_gives_the_blur_along_each_axis() -> None:
    widths = (7.5, 9.0, 11.0)
    phantom = point_phantom(widths)
    volume = Volume(phantom.counts(5e6, 2).astype(np.float32), phantom.grid, "counts")
    image = series("spect", volume, frame="1", nuclide=LU177, counting_duration_s=DURATION_S)
    assert [profile.fwhm_mm for profile in measured_point(image)] == pytest.approx(widths, rel=0.02)


def test_that_an_image_without_a_phantom_is_refused() -> None:
    grid = point_phantom((9.0, 9.0, 9.0)).grid
    flat = Volume(np.full(grid.shape, 5.0, np.float32), grid, "counts")
    image = series("spect", flat, frame="1", nuclide=LU177, counting_duration_s=DURATION_S)
    with pytest.raises(DosimetryError, match="no point source"):
        measured_point(image)
    with pytest.raises(DosimetryError, match="contrast"):
        measured_edges(image, "z")
