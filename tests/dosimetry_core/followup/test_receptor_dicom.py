"""A receptor PET from DICOM with drawn lesions: SUV, volumes and ratios that are known beforehand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dosimetry_core.dicom.image_reading import read_image
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, MissingDataError
from dosimetry_core.follow_up import ReceptorLesionValue, ReceptorScan
from dosimetry_core.followup import receptor_dicom
from dosimetry_core.followup.receptor_course import receptor_course
from dosimetry_core.followup.receptor_dicom import read_receptor_image, receptor_scan
from dosimetry_core.followup.receptor_imaging import FdgComparison, discordant_volume_ml, fdg_comparison, netpet_grade
from dosimetry_core.followup.suv_metrics import SegmentationRule
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.geometry import VolumeGeometry
from dosimetry_core.image import ImageSeries
from tests.phantoms import Visit, box, bqml_series, grid, structure_set

GRID: VolumeGeometry = grid((24, 40, 40), (4.0, 4.0, 4.0), origin_mm=(-78.0, -78.0, 100.0))
VISIT = Visit("receptor")
GIVEN_BQ, UPTAKE_S, HALF_LIFE_S, WEIGHT_KG = 148e6, 65 * 60.0, 67.71 * 60, 74.0
DECAYED_BQ = GIVEN_BQ * 0.5 ** (UPTAKE_S / HALF_LIFE_S)
BQ_PER_ML_OF_SUV_1 = DECAYED_BQ / (WEIGHT_KG * 1000)
REGIONS = {
    "Lesion 1": ((-60.0, -20.0), (-60.0, -20.0), 12.0),
    "Lesion 2": ((20.0, 60.0), (-60.0, -20.0), 7.0),
    "Liver": ((-60.0, -20.0), (20.0, 60.0), 4.0),
    "Aorta": ((20.0, 60.0), (20.0, 60.0), 1.5),
}


def ga68(dataset: Dataset, **changes: Any) -> None:
    item = dataset.RadiopharmaceuticalInformationSequence[0]
    code = item.RadionuclideCodeSequence[0]
    code.CodeValue, code.CodeMeaning = "49169005", "^68^Gallium"
    item.Radiopharmaceutical = "68Ga-DOTATATE"
    item.RadionuclideHalfLife = HALF_LIFE_S
    item.RadionuclideTotalDose = GIVEN_BQ
    item.RadiopharmaceuticalStartDateTime = f"{VISIT.start - timedelta(seconds=UPTAKE_S):%Y%m%d%H%M%S}"
    dataset.PatientWeight = WEIGHT_KG
    for key, value in changes.items():
        if value is None:
            delattr(dataset, key)
        else:
            setattr(dataset, key, value)


def write(folder: Path, edit: Any = ga68, *, visit: Visit = VISIT) -> tuple[Path, Path]:
    suv = np.full(GRID.shape, 0.5)
    points = GRID.index_to_point(np.array(np.meshgrid(*map(range, GRID.shape), indexing="ij")).reshape(3, -1).T)
    z = GRID.index_to_point([(k, 0, 0) for k in range(GRID.shape[0])])[:, 2]
    middle = z[GRID.shape[0] // 2]
    contours = {}
    for name, ((x0, x1), (y0, y1), value) in REGIONS.items():
        inside = (points[:, 0] > x0) & (points[:, 0] < x1) & (points[:, 1] > y0) & (points[:, 1] < y1)
        inside &= np.abs(points[:, 2] - middle) < 22
        suv.reshape(-1)[inside] = value
        contours[name] = [box((x0, x1), (y0, y1), height) for height in z if abs(height - middle) < 22]
    bqml_series(folder / "pet", suv * BQ_PER_ML_OF_SUV_1, GRID, visit, edit=edit)
    structure_set(folder / "vois.dcm", contours, visit)
    return folder / "pet", folder / "vois.dcm"


def test_that_drawn_lesions_have_the_suv_and_volume_they_were_made_with(tmp_path: Path) -> None:
    pet, vois = write(tmp_path)
    image = read_receptor_image(pet, time_zone="UTC")
    assert image.tracer == "68Ga-DOTATATE"
    assert image.reference_activity_bq == pytest.approx(DECAYED_BQ, rel=1e-6)
    scan = receptor_scan(image, [vois], SegmentationRule("fraction-of-max", 0.5))
    assert scan.segmentation == "50 % of SUVmax"
    found = {lesion.name: lesion for lesion in scan.lesions}
    for name in ("Lesion 1", "Lesion 2"):
        # Stored as integers of 1/32000 of the slice's maximum.
        assert found[name].suv_max == pytest.approx(REGIONS[name][2], rel=1e-3)
        assert found[name].suv_mean == pytest.approx(REGIONS[name][2], rel=1e-3)
        assert found[name].suv_peak == pytest.approx(REGIONS[name][2], rel=1e-3)
        assert found[name].volume_ml == pytest.approx(4.0 * 4.0 * 4.4, rel=0.02)
    assert scan.reference_suv_mean == pytest.approx({"liver": 4.0, "blood": 1.5}, rel=1e-3)
    (summary,) = receptor_course([scan])
    assert summary.to_blood == pytest.approx(9.5 / 1.5, rel=1e-3)
    assert summary.to_liver == pytest.approx(12.0 / 4.0, rel=1e-3)
    assert summary.to_spleen is None
    assert summary.total_lesion_activity_ml == pytest.approx(19.0 * found["Lesion 1"].volume_ml, rel=1e-3)


def test_that_the_liver_rule_states_the_threshold_it_made(tmp_path: Path) -> None:
    pet, vois = write(tmp_path)
    scan = receptor_scan(read_receptor_image(pet, time_zone="UTC"), [vois], SegmentationRule("liver"))
    assert scan.segmentation == "SUV ≥ 1.5 × liver mean + 2 SD = 6.00"


def test_that_an_image_corrected_to_the_injection_is_held_against_the_undecayed_activity(tmp_path: Path) -> None:
    pet, _vois = write(tmp_path, lambda dataset: ga68(dataset, DecayCorrection="ADMIN"))
    assert read_receptor_image(pet, time_zone="UTC").reference_activity_bq == pytest.approx(GIVEN_BQ)


def test_that_a_stated_weight_takes_the_place_of_the_files(tmp_path: Path) -> None:
    pet, _vois = write(tmp_path)
    first = read_receptor_image(pet, time_zone="UTC")
    second = read_receptor_image(pet, time_zone="UTC", weight_kg=2 * WEIGHT_KG)
    assert (first.weight_from, second.weight_from) == ("file", "stated")
    assert second.suv.max() == pytest.approx(2 * first.suv.max())


@pytest.mark.parametrize(
    ("edit", "kind", "said"),
    [
        (lambda d: ga68(d, PatientWeight=None), MissingDataError, "weight is missing"),
        (lambda d: ga68(d, DecayCorrection="NONE", CorrectedImage=["ATTN"]), DosimetryError, "decay"),
        (lambda d: ga68(d, Units="GML"), DosimetryError, "GML"),
    ],
)
def test_that_a_pet_without_what_suv_needs_is_refused(tmp_path: Path, edit: Any, kind: Any, said: str) -> None:
    pet, _vois = write(tmp_path, edit)
    with pytest.raises(kind, match=said):
        read_receptor_image(pet, time_zone="UTC")


def test_that_the_pet_has_to_be_the_patients(tmp_path: Path) -> None:
    pet, _vois = write(tmp_path)
    assert read_receptor_image(pet, time_zone="UTC", patient_id=VISIT.patient_id).tracer == "68Ga-DOTATATE"
    with pytest.raises(InconsistentCaseError, match=f"is of patient {VISIT.patient_id} .*, not of P-8"):
        read_receptor_image(pet, time_zone="UTC", patient_id="P-8")
    unnamed, _vois = write(tmp_path / "unnamed", lambda d: ga68(d, PatientID=""))
    with pytest.raises(InconsistentCaseError, match="is of patient without ID"):
        read_receptor_image(unnamed, time_zone="UTC", patient_id="P-8")


def test_that_files_of_two_patients_are_refused_also_where_nobody_is_named(tmp_path: Path) -> None:
    write(tmp_path / "one")
    write(tmp_path / "two", visit=Visit("other", patient_id="P-8"))
    with pytest.raises(DosimetryError, match="different patients"):
        read_receptor_image(tmp_path, time_zone="UTC")


def injected(hours_before: float) -> Any:
    def edit(dataset: Dataset) -> None:
        ga68(dataset)
        item = dataset.RadiopharmaceuticalInformationSequence[0]
        item.RadiopharmaceuticalStartDateTime = f"{VISIT.start - timedelta(hours=hours_before):%Y%m%d%H%M%S}"

    return edit


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda d: ga68(d, PatientWeight=1.74), "weight of 1.74 kg can't be"),
        (lambda d: ga68(d, PatientWeight=74000.0), "weight of 74000 kg can't be"),
        (injected(24.0), "24.00 h after the injection, 21 half-lives"),
        (injected(-1.0), "before the injection"),
        (lambda d: ga68(d, RescaleSlope=1000 * d.RescaleSlope), "has an SUV of 1.2e\\+04; above 10000 is none"),
    ],
)
def test_that_what_no_scan_can_be_is_refused(tmp_path: Path, edit: Any, said: str) -> None:
    pet, _vois = write(tmp_path, edit)
    with pytest.raises(DosimetryError, match=said):
        read_receptor_image(pet, time_zone="UTC")


def test_that_voxels_that_are_no_numbers_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pet, _vois = write(tmp_path)

    def damaged(*given: Any, **named: Any) -> ImageSeries:
        series = read_image(*given, **named)
        values = np.array(series.volume.values)
        values[3, 4, 5] = np.inf
        return replace(series, volume=replace(series.volume, values=values))

    monkeypatch.setattr(receptor_dicom, "read_image", damaged)
    with pytest.raises(InconsistentCaseError, match="no numbers"):
        read_receptor_image(pet, time_zone="UTC")


def test_that_a_stated_weight_that_cannot_be_is_refused(tmp_path: Path) -> None:
    pet, _vois = write(tmp_path)
    for weight in (1.9, 401.0, float("inf")):
        with pytest.raises(InconsistentCaseError, match="body weight"):
            read_receptor_image(pet, time_zone="UTC", weight_kg=weight)
    for weight in (2.0, 400.0):
        assert read_receptor_image(pet, time_zone="UTC", weight_kg=weight).weight_kg == weight


def test_that_a_half_life_of_another_nuclide_is_refused(tmp_path: Path) -> None:
    def fluorine(dataset: Dataset) -> None:
        ga68(dataset)
        dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife = 6586.2

    pet, _vois = write(tmp_path, fluorine)
    with pytest.raises(InconsistentCaseError, match="half-life"):
        read_receptor_image(pet, time_zone="UTC")


def test_that_a_folder_without_pet_or_lesion_says_so(tmp_path: Path) -> None:
    pet, vois = write(tmp_path)
    with pytest.raises(MissingDataError, match="no PET"):
        read_receptor_image(vois, time_zone="UTC")
    heights = [float(height) for height in range(120, 160, 4)]
    structure_set(tmp_path / "other.dcm", {"Liver": [box((-60, -20), (20, 60), height) for height in heights]}, VISIT)
    with pytest.raises(MissingDataError, match="no VOI is a lesion"):
        receptor_scan(read_receptor_image(pet, time_zone="UTC"), [tmp_path / "other.dcm"], SegmentationRule("as-drawn"))


# --- over the course, and FDG -----------------------------------------------------------------------------------------


def scan(day: int, *lesions: ReceptorLesionValue, rule: str = "41 % of SUVmax", tracer: str = "Ga") -> ReceptorScan:
    from datetime import date

    return ReceptorScan(date(2025, 3, day), tracer, rule, lesions, FrozenMap({"blood": 2.0}))


def lesion(suv_max: float, suv_mean: float, volume_ml: float, fdg: float | None = None) -> ReceptorLesionValue:
    return ReceptorLesionValue(f"L{suv_max}{volume_ml}", suv_max, suv_mean, None, volume_ml, fdg)


def test_that_the_published_example_comes_out() -> None:
    # methods 9: SUVmean/mL 12.5/30, 18/8.2, 7.1/64.
    lesions = (lesion(30, 12.5, 30.0), lesion(40, 18.0, 8.2), lesion(15, 7.1, 64.0))
    (summary,) = receptor_course([scan(1, *lesions)])
    assert summary.receptor_volume_ml == pytest.approx(102.2)
    assert summary.total_lesion_activity_ml == pytest.approx(977.0)
    assert summary.netpet is None


def test_that_scans_are_compared_only_where_rule_and_tracer_are_the_same() -> None:
    first, second = scan(2, lesion(15, 6, 20.0)), scan(1, lesion(30, 12, 40.0))
    changes = receptor_course([first, second])
    assert changes[0].change is None
    assert changes[1].change == pytest.approx((-0.5, -0.75, -0.5))
    other = receptor_course([second, scan(2, lesion(15, 6, 20.0), rule="as drawn")])[1]
    assert other.change is None
    assert "another segmentation rule" in other.remark
    own_liver = [scan(n, lesion(15, 6, 20.0), rule=f"SUV ≥ 1.5 × liver mean + 2 SD = {n}") for n in (1, 2)]
    assert receptor_course(own_liver)[1].change is not None
    assert "another tracer" in receptor_course([second, scan(2, lesion(15, 6, 20.0), tracer="Cu")])[1].remark


@pytest.mark.parametrize(
    ("receptor", "fdg", "expected"),
    [
        (0, 0, "neither"), (10, 0, "receptor-only"), (10, 5, "receptor-higher"), (10, 9, "equal"), (9, 10, "equal"),
        (8.9, 10, "fdg-higher"), (10, 8.9, "receptor-higher"), (0, 5, "fdg-only"),
    ],
)  # fmt: skip
def test_that_a_lesion_is_compared_by_its_highest_uptake(receptor: float, fdg: float, expected: FdgComparison) -> None:
    assert fdg_comparison(receptor, fdg) == expected


@pytest.mark.parametrize(
    ("comparisons", "grade"),
    [
        ((), "P0"),
        (("neither",), "P0"),
        (("receptor-only", "neither"), "P1"),
        (("receptor-only", "receptor-higher"), "P2"),
        (("receptor-higher", "equal"), "P3"),
        (("fdg-higher", "receptor-only"), "P4a"),
        (("fdg-higher", "fdg-higher"), "P4a"),
        (("fdg-higher",) * 3, "P4b"),
        (("fdg-only", "receptor-higher"), "P5"),
    ],
)
def test_that_the_most_discordant_lesion_grades_the_patient(comparisons: Any, grade: str) -> None:
    assert netpet_grade(comparisons) == grade


def test_that_the_discordant_volume_is_that_of_lesions_with_more_fdg() -> None:
    found = discordant_volume_ml([("fdg-higher", 3.0), ("fdg-only", 2.0), ("equal", 5.0), ("receptor-only", 7.0)])
    assert found == 5.0
    (summary,) = receptor_course([scan(1, lesion(10, 8, 3.0, fdg=20.0), lesion(10, 8, 4.0, fdg=0.0))])
    assert (summary.netpet, summary.discordant_volume_ml) == ("P4a", 3.0)
    (open_,) = receptor_course([scan(1, lesion(10, 8, 3.0, fdg=20.0), lesion(10, 8, 4.0))])
    assert (open_.netpet, open_.discordant_volume_ml) == (None, None)


def test_that_a_lesion_that_only_fdg_shows_has_no_receptor_volume() -> None:
    seen = lesion(10, 8, 3.0, fdg=5.0)
    (summary,) = receptor_course([scan(1, seen, lesion(0, 0, 20.0, fdg=12.0))])
    assert (summary.receptor_volume_ml, summary.total_lesion_activity_ml, summary.suv_mean) == (3.0, 24.0, 8.0)
    assert (summary.netpet, summary.discordant_volume_ml) == ("P5", 20.0)
    (alone,) = receptor_course([scan(1, lesion(0, 0, 20.0, fdg=12.0))])
    assert (alone.receptor_volume_ml, alone.suv_mean, alone.to_blood, alone.netpet) == (0.0, 0.0, 0.0, "P5")
