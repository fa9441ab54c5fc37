"""The rooms of the house: who may import whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOLKITS = {"PySide6", "shiboken6", "vtkmodules", "vtk", "pyqtgraph"}


def _imports(file: Path) -> Iterator[str]:
    package = file.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def _offences(package: str, forbidden: set[str]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in _files(package)
        for name in _imports(file)
        if name.split(".")[0] in forbidden
    ]


def test_that_the_core_knows_no_toolkit_and_no_window() -> None:
    assert _offences("dosimetry_core", TOOLKITS | {"widgets", "app"}) == []


def test_that_widgets_do_not_know_the_application() -> None:
    assert _offences("widgets", {"app"}) == []


COMPUTING = {
    "dosimetry_core." + name
    for name in ("pipeline", "registration", "quantification", "kinetics.fit", "planning.next_cycle", "dicom")
}


def test_that_widgets_start_no_computation() -> None:
    offences = [
        f"{file.name} imports {name}"
        for file in _files("widgets")
        for name in _imports(file)
        if any(name == module or name.startswith(module + ".") for module in COMPUTING)
    ]
    assert offences == []


def test_that_steps_do_not_import_each_other() -> None:
    offences = [
        f"{file.name} imports {name}"
        for file in _files("app/steps")
        for name in _imports(file)
        if name.startswith("app.steps.") and name.split(".")[2].endswith("_step") and name.split(".")[2] != file.stem
    ]
    assert offences == []


def test_that_the_second_opinion_uses_the_standard_library_only() -> None:
    allowed = sys.stdlib_module_names
    offences = [
        f"{file.name} imports {name}"
        for file in _files("dosimetry_core/second_opinion")
        for name in _imports(file)
        if name.split(".")[0] not in allowed and not name.startswith("dosimetry_core.second_opinion")
    ]
    assert offences == []


def test_that_the_virtual_patient_shares_no_dosimetry_with_what_it_checks() -> None:
    allowed = {"units", "errors", "progress", "frozen", "geometry", "nuclide", "data_tables", "virtual_patient"}
    offences = [
        f"{file.name} imports {name}"
        for file in _files("dosimetry_core/virtual_patient")
        for name in _imports(file)
        if name.startswith("dosimetry_core.") and name.split(".")[1] not in allowed
    ]
    assert offences == []


RANKS = [
    {"units", "errors", "progress", "frozen", "version", "cores"},
    {"toml_lines"},
    {"geometry", "data_tables", "canonical_json", "toml_table", "anatomical_plane", "typesetting", "laboratory"},
    {"entered_numbers", "laboratory_units", "protocol_names"},
    {"volume", "nuclide", "emissions", "density_curve"},
    {"voi", "image", "voi_on_scan", "follow_up"},
    {"case", "voi_editing", "voi_sampling", "exclusive_vois", "virtual_patient"},
    {"voi_boxes", "scan_vois"},
    {"voi_shaping", "voi_range", "voi_cutting", "voi_moving", "voi_primitives", "livewire"},
    {"voi_reshaping", "voi_similarity"},
    {"voi_level"},
    {"case_contradictions"},
    {"calibration", "registration", "partial_volume", "quantification", "kinetics", "dicom"},
    {"sample_counting"},
    {"case_measured_values", "given_details"},
    {"case_file_vois_on_scans"},
    {"case_file_vois_on_scans"},
    {"case_file_cycle", "case_file_settings", "case_file_follow_up"},
    {"case_file"},
    {"case_file_writing"},
    {"dose", "uncertainty", "uncertainty_budget", "proposals", "voi_carrying", "camera_calibration"},
    {"camera_profile", "phantom_measurement"},
    {"results"},
    {"planning", "safety", "followup", "second_opinion"},
    {"evaluation"},
    {"results_json"},
    {"second_check", "constancy"},
    {"pipeline"},
    {"plan_record", "report"},
    {"dicom_export", "cohort", "treatment_report", "result_tables", "comparison"},
    {"deidentification"},
]


def _rank(module: str) -> int:
    return next((number for number, rooms in enumerate(RANKS) if module in rooms), len(RANKS))


def test_that_every_room_of_the_core_has_its_rank() -> None:
    rooms = {
        path.stem
        for path in (ROOT / "dosimetry_core").iterdir()
        if path.name not in ("__init__.py", "__pycache__") and (path.suffix == ".py" or path.is_dir())
    }
    assert rooms == set().union(*RANKS)


def test_that_the_core_imports_downwards_only() -> None:
    offences = []
    for file in _files("dosimetry_core"):
        room = file.relative_to(ROOT / "dosimetry_core").parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        for name in _imports(file):
            parts = name.split(".")
            if parts[0] == "dosimetry_core" and len(parts) > 1 and parts[1] != room and _rank(parts[1]) > _rank(room):
                offences.append(f"{file.relative_to(ROOT)} imports {name}")
    assert offences == []


def test_that_no_module_of_the_core_imports_in_a_circle() -> None:
    names = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in _files("dosimetry_core")
    }
    graph = {
        module: {name for name in _imports(file) if name in names and name != module} for module, file in names.items()
    }
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join((*path, module))
        if module not in done:
            for target in graph[module]:
                if not module.startswith(target + "."):
                    visit(target, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("toolkit", sorted(TOOLKITS - {"vtk"}))
def test_that_the_core_runs_where_the_toolkit_cannot_be_imported(toolkit: str) -> None:
    program = f"""
import sys, pkgutil, importlib
sys.modules[{toolkit!r}] = None
import dosimetry_core
for module in pkgutil.walk_packages(dosimetry_core.__path__, "dosimetry_core."):
    importlib.import_module(module.name)
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
