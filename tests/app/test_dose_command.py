"""`lutetia dose` on files: values, places, contents of the results, and what is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from app.cli import main
from app.dose_beside import difference, difference_finding
from app.nifti import write_nifti
from dosimetry_core.dicom.nifti import read_nifti
from dosimetry_core.dose.voxel_s_values import voxel_s_values
from dosimetry_core.nuclide import nuclide
from dosimetry_core.units import mass_kg
from tests.test_schemas import validator

ITK: Any = SimpleITK
SHAPE = (18, 16, 14)
# Oblique and left-handed: rows run backwards, tilted by 20° about x.
TILT = np.deg2rad(20)
DIRECTION = np.array(
    [[1, 0, 0], [0, -np.cos(TILT), np.sin(TILT)], [0, -np.sin(TILT), -np.cos(TILT)]],
) @ np.diag([1.0, 1.0, -1.0])


def write_image(path: Path, values: NDArray[Any], spacing: tuple[float, float, float] = (4.0, 4.0, 5.0)) -> None:
    image = ITK.GetImageFromArray(values)
    image.SetSpacing(spacing)
    image.SetOrigin((-31.5, 40.0, 12.25))
    image.SetDirection(DIRECTION.ravel().tolist())
    ITK.WriteImage(image, str(path))


@pytest.fixture
def maps(tmp_path: Path) -> dict[str, NDArray[Any]]:
    """A kidney of 4³ voxels and a lung in a soft-tissue body with air around, all with activity."""
    density = np.full(SHAPE, 1.0, np.float32)
    density[0] = 0.0012
    labels = np.zeros(SHAPE, np.int16)
    labels[4:8, 4:8, 4:8], labels[12:17, 4:12, 3:10] = 2, 7
    density[labels == 2], density[labels == 7] = 1.05, 0.26
    activity = np.where(labels == 2, 2e9, np.where(labels == 7, 1e8, 0)).astype(np.float32)
    return {"A": activity, "D": density, "L": labels}


@pytest.fixture
def run(tmp_path: Path, maps: dict[str, NDArray[Any]]) -> Callable[..., int]:
    for name, values in maps.items():
        write_image(tmp_path / f"{name}.nii.gz", values)
    names = {"2": {"name": "Kidney L", "medium": "soft-tissue"}, "7": {"name": "Lungs", "medium": "lung"}}
    (tmp_path / "N.json").write_text(json.dumps(names), encoding="utf-8")

    def dose(*options: str, nuclide_name: str = "Lu-177", out: str = "out", **files: str) -> int:
        given = {"time-integrated-activity": "A.nii.gz", "density": "D.nii.gz", "labels": "L.nii.gz", "names": "N.json"}
        given |= {key.replace("_", "-"): value for key, value in files.items()}
        arguments = [part for key, value in given.items() for part in (f"--{key}", str(tmp_path / value))]
        return main(["dose", *arguments, "--nuclide", nuclide_name, "--out", str(tmp_path / out), *options])

    return dose


def results(tmp_path: Path, out: str = "out") -> dict[str, Any]:
    tree: dict[str, Any] = json.loads((tmp_path / out / "results.json").read_text("utf-8"))
    return tree


def test_that_each_label_has_its_volume_mass_and_energy_over_mass(
    tmp_path: Path, run: Callable[..., int], maps: dict[str, NDArray[Any]]
) -> None:
    assert run("--engine", "voxel-s-values") == 0
    tree = results(tmp_path)
    validator("results").validate(tree)
    (cycle,) = tree["cycles"]
    kidney, lungs = cycle["vois"]["Kidney L"], cycle["vois"]["Lungs"]
    assert kidney["role"] == "kidney_left"
    assert kidney["volume_ml"] == pytest.approx(64 * 0.08)
    assert kidney["mass_kg"] == pytest.approx(mass_kg(64 * 0.08, 1.05))
    assert lungs["mass_kg"] == pytest.approx(mass_kg(280 * 0.08, 0.26))
    dose = read_nifti(tmp_path / "out" / "dose.nii.gz").values
    for label, voi in ((2, kidney), (7, lungs)):
        mean = dose[maps["L"] == label].mean()
        assert voi["absorbed_dose_gy"] == pytest.approx({"Lu-177": mean, "total": mean}, rel=1e-5)
        assert voi["dose_volume"]["mean_gy"] == pytest.approx(mean, rel=1e-5)
        assert 0 < voi["absorbed_dose_standard_uncertainty_gy"]["total"] < 0.1 * mean
    # Local deposition stands beside it: Ã E/m.
    local = 64 * 2e9 * nuclide("Lu-177").electron_energy_j / kidney["mass_kg"]
    assert kidney["cross_check_absorbed_dose_gy"]["local-deposition"]["Lu-177"] == pytest.approx(local, rel=1e-5)
    assert dose[0].max() == 0


def test_that_one_voxel_gives_its_s_value_in_the_file(tmp_path: Path, run: Callable[..., int]) -> None:
    activity = np.zeros(SHAPE, np.float64)
    activity[9, 8, 7] = 1.0
    write_image(tmp_path / "one.nii.gz", activity)
    write_image(tmp_path / "water.nii.gz", np.ones(SHAPE))
    write_image(tmp_path / "label.nii.gz", np.full(SHAPE, 2, np.uint8))
    files = {"time_integrated_activity": "one.nii.gz", "density": "water.nii.gz", "labels": "label.nii.gz"}
    assert run("--without-photons", nuclide_name="Y-90", **files) == 0
    dose = read_nifti(tmp_path / "out" / "dose.nii.gz").values
    s = voxel_s_values("Y-90", (5.0, 4.0, 4.0))
    for lag in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1), (2, 0, 1)):
        expected = s.electron.s_gy_per_bq_s[lag] + s.bremsstrahlung.s_gy_per_bq_s[lag]
        assert dose[9 + lag[0], 8 + lag[1], 7 + lag[2]] == pytest.approx(expected, rel=1e-3)


def test_that_the_dose_map_lies_where_the_activity_lay(tmp_path: Path, run: Callable[..., int]) -> None:
    assert run() == 0
    given, written = (ITK.ReadImage(str(tmp_path / name)) for name in ("A.nii.gz", "out/dose.nii.gz"))
    assert written.GetSize() == given.GetSize()
    for index in ((0, 0, 0), (13, 15, 17), (3, 9, 1)):
        assert written.TransformIndexToPhysicalPoint(index) == pytest.approx(
            given.TransformIndexToPhysicalPoint(index), abs=1e-3
        )


def test_that_settings_tables_and_digests_are_in_the_results(tmp_path: Path, run: Callable[..., int]) -> None:
    assert run("--without-photons", "--without-electron-media", "--volume-at", "1e-6", nuclide_name="Y-90") == 0
    tree = results(tmp_path)
    assert tree["inputs"]["A.nii.gz"] == hashlib.sha256((tmp_path / "A.nii.gz").read_bytes()).hexdigest()
    assert set(tree["inputs"]) == {"A.nii.gz", "D.nii.gz", "L.nii.gz", "N.json"}
    assert "physics/kernels/dpk_Y90_softtissue_icru4.csv" in tree["software"]["data_tables"]
    settings = tree["settings"]
    assert settings["photons"] is False
    assert settings["electron_media"] is False
    assert settings["voxel_size_mm"] == pytest.approx([4.0, 4.0, 5.0])
    assert settings["kernels"][0]["scale"] == pytest.approx(1.0016, abs=2e-4)
    assert 0 < settings["sampled_error_gy"] <= settings["rounding_error_gy"]
    kidney = tree["cycles"][0]["vois"]["Kidney L"]
    assert kidney["dose_volume"]["volume_receiving_at_least"] == [
        {"absorbed_dose_gy": 1e-6, "volume_ml": pytest.approx(kidney["volume_ml"])}
    ]
    assert len(kidney["dose_volume"]["histogram"]["volume_fraction"]) == 101


def test_that_local_deposition_can_be_chosen(tmp_path: Path, run: Callable[..., int]) -> None:
    assert run("--engine", "local-deposition") == 0
    voi = results(tmp_path)["cycles"][0]["vois"]["Lungs"]
    assert voi["engine"] == "local-deposition"
    assert set(voi["cross_check_absorbed_dose_gy"]) == {"voxel-s-values"}
    # Energy per decay 0.5 %, and the difference from the map's own dose as the limit of a rectangle.
    local, by_map = voi["absorbed_dose_gy"]["total"], voi["cross_check_absorbed_dose_gy"]["voxel-s-values"]["total"]
    expected = np.hypot(0.005 * local, (local - by_map) / np.sqrt(3))
    assert voi["absorbed_dose_standard_uncertainty_gy"]["total"] == pytest.approx(expected, rel=1e-6)


def test_that_media_scaling_matters_in_lung_and_can_be_switched_off(tmp_path: Path, run: Callable[..., int]) -> None:
    assert run(nuclide_name="Y-90") == 0
    assert run("--without-electron-media", nuclide_name="Y-90", out="water") == 0
    with_media, without = (
        results(tmp_path, out)["cycles"][0]["vois"]["Lungs"]["absorbed_dose_gy"]["total"] for out in ("out", "water")
    )
    # Between 1/0.26 (nothing leaves) and half of it.
    assert 1.9 < with_media / without < 3.9


def test_that_the_same_input_gives_the_same_bytes(tmp_path: Path, run: Callable[..., int]) -> None:
    assert run() == 0
    assert run(out="again") == 0
    for name in ("results.json", "dose.nii.gz"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def _other_grid(folder: Path, maps: dict[str, NDArray[Any]]) -> None:
    write_image(folder / "D.nii.gz", maps["D"], (4.0, 4.0, 4.9))


def _other_shape(folder: Path, maps: dict[str, NDArray[Any]]) -> None:
    write_image(folder / "L.nii.gz", maps["L"][1:])


def _ct_numbers(folder: Path, maps: dict[str, NDArray[Any]]) -> None:
    write_image(folder / "D.nii.gz", (maps["D"] - 1) * 1000)


def _si_density(folder: Path, maps: dict[str, NDArray[Any]]) -> None:
    write_image(folder / "D.nii.gz", maps["D"] * 1000)


def _negative(folder: Path, maps: dict[str, NDArray[Any]]) -> None:
    write_image(folder / "A.nii.gz", maps["A"] - 1)


def _nothing(folder: Path, maps: dict[str, NDArray[Any]]) -> None:
    write_image(folder / "A.nii.gz", np.zeros(SHAPE, np.float32))


def _not_a_number(folder: Path, maps: dict[str, NDArray[Any]]) -> None:
    write_image(folder / "A.nii.gz", np.full(SHAPE, np.nan, np.float32))


def _too_much(folder: Path, maps: dict[str, NDArray[Any]]) -> None:
    write_image(folder / "A.nii.gz", maps["A"] * np.float32(1e9))


def _fractions(folder: Path, maps: dict[str, NDArray[Any]]) -> None:
    write_image(folder / "L.nii.gz", maps["L"] * np.float32(0.5) + np.float32(0.25))


def _centimetres(folder: Path, maps: dict[str, NDArray[Any]]) -> None:
    for name, values in maps.items():
        write_image(folder / f"{name}.nii.gz", values, (0.04, 0.04, 0.05))


def _names(text: str) -> Callable[[Path, dict[str, NDArray[Any]]], None]:
    def write(folder: Path, maps: dict[str, NDArray[Any]]) -> None:
        (folder / "N.json").write_text(text, encoding="utf-8")

    return write


def _damaged(folder: Path, maps: dict[str, NDArray[Any]]) -> None:
    (folder / "A.nii.gz").write_bytes((folder / "A.nii.gz").read_bytes()[:200])


def _missing(folder: Path, maps: dict[str, NDArray[Any]]) -> None:
    (folder / "D.nii.gz").unlink()


_KIDNEY = '"2": {"name": "Kidney L", "medium": "soft-tissue"}'
DEFECTS: dict[str, tuple[Callable[[Path, dict[str, NDArray[Any]]], None], str]] = {
    "other grid": (_other_grid, "D.nii.gz: is on another grid than A.nii.gz"),
    "other shape": (_other_shape, "L.nii.gz: is on another grid than A.nii.gz"),
    "CT numbers": (_ct_numbers, "D.nii.gz: holds densities from -998.8"),
    "kg/m³": (_si_density, "D.nii.gz: holds densities from 1.2 to 1050 g/mL"),
    "negative": (_negative, "A.nii.gz: holds negative time-integrated activity"),
    "nothing": (_nothing, "A.nii.gz: holds no activity"),
    "no number": (_not_a_number, "A.nii.gz: holds values that are no numbers"),
    "too much": (_too_much, "more than any therapy"),
    "fractions": (_fractions, "L.nii.gz: holds values that are no labels"),
    "centimetres": (_centimetres, "A.nii.gz: has voxels of 0.04×0.04×0.05 mm"),
    "label without name": (_names("{" + _KIDNEY + "}"), "N.json: labels without a name: 7"),
    "unknown medium": (
        _names("{" + _KIDNEY + ', "7": {"name": "Lungs", "medium": "water"}}'),
        "label 7: unknown medium 'water'; use one of soft-tissue, lung, bone",
    ),
    "no medium": (_names("{" + _KIDNEY + ', "7": {"name": "Lungs"}}'), "label 7: needs a name and a medium"),
    "same name": (
        _names("{" + _KIDNEY + ', "7": {"name": " Kidney  L", "medium": "lung"}}'),
        "the name 'Kidney L' occurs twice",
    ),
    "same label": (_names("{" + _KIDNEY + "," + _KIDNEY + "}"), "2 occurs twice"),
    "background": (_names("{" + _KIDNEY + ', "0": {"name": "air", "medium": "lung"}}'), "label 0: is no label number"),
    "no JSON": (_names("Kidney"), "N.json: is not a table of names"),
    "damaged": (_damaged, "A.nii.gz: is truncated"),
    "missing": (_missing, "D.nii.gz: can't be read"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_that_a_defective_input_is_refused_with_its_place_and_leaves_nothing(
    tmp_path: Path,
    run: Callable[..., int],
    maps: dict[str, NDArray[Any]],
    capfd: pytest.CaptureFixture[str],
    defect: str,
) -> None:
    damage, words = DEFECTS[defect]
    damage(tmp_path, maps)
    assert run() == 2
    output = capfd.readouterr()
    assert words in output.err
    assert all("; " in line for line in output.err.splitlines())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--volume-at", "0"), "a dose must be positive"),
        (("--engine", "monte-carlo"), "invalid choice"),
        (("--engine", "sphere", "--volume-at", "2"), "has no dose volumes"),
    ],
)
def test_that_wrong_options_are_refused(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str], options: tuple[str, ...], words: str
) -> None:
    assert run(*options) == 2
    assert words in capfd.readouterr().err


def test_that_an_unknown_nuclide_is_refused(run: Callable[..., int], capfd: pytest.CaptureFixture[str]) -> None:
    assert run(nuclide_name="Lu-176") == 2
    assert "unknown nuclide 'Lu-176'" in capfd.readouterr().err


def test_that_a_file_without_orientation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    write_image(path, np.ones((3, 3, 3), np.float32))
    content = bytearray(path.read_bytes())
    content[252:256] = bytes(4)
    path.write_bytes(bytes(content))
    with pytest.raises(Exception, match="has no orientation"):
        read_nifti(path)


def test_that_values_and_grid_survive_a_round_trip(tmp_path: Path) -> None:
    write_image(tmp_path / "a.nii.gz", np.random.default_rng(1).random((3, 4, 5)).astype(np.float32))
    first = read_nifti(tmp_path / "a.nii.gz")
    write_nifti(tmp_path / "b.nii.gz", first.values, first.geometry)
    second = read_nifti(tmp_path / "b.nii.gz")
    assert np.array_equal(first.values, second.values)
    assert second.geometry.is_same_grid(first.geometry)
    # The file's x and y point the other way than the patient system's.
    assert first.geometry.origin_mm == pytest.approx([-31.5, 40.0, 12.25], abs=1e-4)


def test_that_all_four_engines_stand_beside_each_other(tmp_path: Path, run: Callable[..., int]) -> None:
    assert run("--sex", "F") == 0
    kidney = results(tmp_path)["cycles"][0]["vois"]["Kidney L"]
    others = kidney["cross_check_absorbed_dose_gy"]
    assert set(others) == {"local-deposition", "sphere", "organ-level"}
    # S_e m_ref/m of a kidney: electrons stay within 0.2 % of all of them; photons of the ICRP kidney scale with m^-2/3.
    assert others["organ-level"]["total"] == pytest.approx(others["local-deposition"]["total"], rel=0.05)


@pytest.mark.parametrize("engine", ["sphere", "organ-level"])
def test_that_an_engine_by_region_gives_one_dose_per_label(
    tmp_path: Path, run: Callable[..., int], maps: dict[str, NDArray[Any]], engine: str
) -> None:
    assert run("--engine", engine, "--sex", "F") == 0
    tree = results(tmp_path)
    validator("results").validate(tree)
    vois = tree["cycles"][0]["vois"]
    dose = read_nifti(tmp_path / "out" / "dose.nii.gz").values
    assert dose[maps["L"] == 2] == pytest.approx(vois["Kidney L"]["absorbed_dose_gy"]["total"], rel=1e-6)
    assert vois["Lungs"]["absorbed_dose_gy"] == {"Lu-177": None, "total": None}
    assert [(f["code"], f["place"]) for f in tree["findings"]] == [("engine-does-not-apply", "Lungs")]
    assert "voxel-s-values" in vois["Kidney L"]["cross_check_absorbed_dose_gy"]


def test_that_the_organ_engine_needs_the_reference_phantom(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("--engine", "organ-level") == 2
    assert "add --sex F or M" in capfd.readouterr().err


def test_that_further_keys_of_a_label_are_remarked(tmp_path: Path, run: Callable[..., int]) -> None:
    names = json.loads((tmp_path / "N.json").read_text("utf-8"))
    names["7"]["colour"] = "blue"
    (tmp_path / "N.json").write_text(json.dumps(names), encoding="utf-8")
    assert run() == 0
    (finding,) = results(tmp_path)["findings"]
    assert (finding["code"], finding["level"], finding["place"]) == ("label-keys-not-used", "info", "Lungs")
    assert "colour" in finding["text"]


@pytest.mark.parametrize(("engine", "sex"), [("voxel-s-values", "F"), ("sphere", None), ("organ-level", "M")])
def test_that_every_dose_shown_has_an_uncertainty_and_every_difference_adds_up(
    tmp_path: Path, run: Callable[..., int], engine: str, sex: str | None
) -> None:
    assert run("--engine", engine, *(("--sex", sex) if sex else ())) == 0
    tree = results(tmp_path)
    validator("results").validate(tree)
    kidney = tree["cycles"][0]["vois"]["Kidney L"]
    beside = kidney["cross_check_absorbed_dose_gy"]
    uncertain = kidney["cross_check_absorbed_dose_standard_uncertainty_gy"]
    assert (
        set(uncertain)
        == set(beside)
        == {"voxel-s-values", "local-deposition", "sphere"} - {engine} | ({"organ-level"} - {engine} if sex else set())
    )
    assert all(0 < value["total"] < 0.5 * beside[name]["total"] for name, value in uncertain.items())
    assert 0 < kidney["absorbed_dose_standard_uncertainty_gy"]["total"] < 0.5 * kidney["absorbed_dose_gy"]["total"]
    doses = {name: value["total"] for name, value in beside.items()} | {engine: kidney["absorbed_dose_gy"]["total"]}
    for name, parts in kidney["engine_differences_gy"].items():
        assert sum(parts.values()) == pytest.approx(doses[name] - doses["voxel-s-values"], rel=1e-9)
    by_map = doses["voxel-s-values"]
    apart = {name for name in ("sphere", "organ-level") if name in doses and abs(doses[name] / by_map - 1) > 0.02}
    place = [finding["place"] for finding in tree["findings"] if finding["code"] == "engines-differ"]
    assert place.count("Kidney L") == len(apart)


def test_that_a_difference_is_told_with_its_parts_and_agreement_is_not() -> None:
    found = difference(other_gy=3.3, by_voxels_gy=3.0, photons_by_voxels_gy=0.2, local_gy=3.0)
    # Electrons in the map: 2.8 Gy of 3.0 Gy, so 0.2 Gy went out; the other 0.1 Gy are photons.
    assert found.electrons_across_the_surface_gy == pytest.approx(0.2)
    assert found.photons_and_geometry_gy == pytest.approx(0.1)
    told = difference_finding("Kidney L", "organ-level", 3.0, found)
    assert told is not None
    assert told.text == (
        "organ-level S values give 3.300 Gy, +10.0 % against voxel S values (3.000 Gy): +6.7 % because electrons cross "
        "the surface in the map, +3.3 % by photons and the engine's own geometry"
    )
    near = difference(other_gy=3.05, by_voxels_gy=3.0, photons_by_voxels_gy=0.2, local_gy=3.0)
    assert difference_finding("Kidney L", "organ-level", 3.0, near) is None


def test_that_air_in_a_label_has_no_mass_and_no_kernel_of_its_own(
    tmp_path: Path, run: Callable[..., int], maps: dict[str, NDArray[Any]]
) -> None:
    """Density 0 under a label beside heavy voxels: kernels of 0.005 g/mL would reach two metres."""
    density, labels = maps["D"].copy(), maps["L"]
    density[4, 4, 4:6] = 0.0
    density[labels == 2] *= np.linspace(0.8, 1.6, 64, dtype=np.float32)
    write_image(tmp_path / "holes.nii.gz", density)
    assert run("--engine", "voxel-s-values", density="holes.nii.gz") == 0
    tree = results(tmp_path)
    kidney = tree["cycles"][0]["vois"]["Kidney L"]
    assert kidney["volume_ml"] == pytest.approx(62 * 0.08)
    assert min(kernel["density_g_per_ml"] for kernel in tree["settings"]["kernels"]) >= 0.2
    (told,) = [finding for finding in tree["findings"] if finding["code"] == "air-in-label"]
    assert told["level"] == "warning"
    assert told["text"].startswith("2 of its voxels")
    assert "3.1 % of its time-integrated activity" in told["text"]
    assert read_nifti(tmp_path / "out" / "dose.nii.gz").values[4, 4, 4:6].max() == 0
    assert kidney["dose_volume"]["d98_gy"] > 0


def test_that_a_label_without_mass_is_refused_before_anything_is_convolved(
    tmp_path: Path,
    run: Callable[..., int],
    maps: dict[str, NDArray[Any]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    density = maps["D"].copy()
    density[maps["L"] == 7] = 0.0
    write_image(tmp_path / "empty.nii.gz", density)
    monkeypatch.setattr("app.dose_results.voxel_dose", lambda *_: pytest.fail("convolved"))
    assert run(density="empty.nii.gz") == 2
    assert "Lungs: has no mass" in capsys.readouterr().err


def test_that_a_label_of_gas_is_left_out_and_told(
    tmp_path: Path, run: Callable[..., int], maps: dict[str, NDArray[Any]]
) -> None:
    """A trachea among the labels of a segmentation must not stop the doses of the others."""
    density = maps["D"].copy()
    density[maps["L"] == 7] = 0.0012
    write_image(tmp_path / "gas.nii.gz", density)
    assert run("--engine", "voxel-s-values", density="gas.nii.gz") == 0
    tree = results(tmp_path)
    assert set(tree["cycles"][0]["vois"]) == {"Kidney L"}
    (told,) = [finding for finding in tree["findings"] if finding["code"] == "air-in-label"]
    assert (told["place"], told["level"]) == ("Lungs", "warning")
