"""The documents say what is true of the program: findings, commands, keys, tables, tests and links that they name."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import json
import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.benchmarks.command import NAMES
from app.cli import COMMANDS
from app.key_table import KEY_ACTS
from dosimetry_core.case import Settings
from dosimetry_core.planning.protocol import bundled_protocols
from dosimetry_core.units import HOUR
from widgets.mouse_table import MOUSE_ACTS, VIEW_WORDS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "resources" / "documentation"
DOCUMENTS = sorted(FOLDER.glob("*.md"))
CODE = [path for room in ("dosimetry_core", "app") for path in sorted((ROOT / room).rglob("*.py"))]
CODE_PATTERN = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LEVELS = {"info", "warning", "error"}


def document(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def table_rows(text: str) -> Iterator[list[str]]:
    """Cells of every table row of a Markdown text, headings and rules left out."""
    lines = text.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        rule = re.fullmatch(r"\|(\s*-+\s*\|)+", line)
        heading = re.fullmatch(r"\|(\s*-+\s*\|)+", following)
        if line.startswith("|") and not rule and not heading:
            yield [cell.strip() for cell in line.strip("|").split("|")]


# --- findings ---------------------------------------------------------------------------------------------------------


def _function_of(tree: ast.Module) -> dict[ast.AST, ast.FunctionDef]:
    """The innermost function around every node."""
    around: dict[ast.AST, ast.FunctionDef] = {}
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            around |= dict.fromkeys(ast.walk(function), function)
    return around


def _texts(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def _resolved(argument: ast.expr, tree: ast.Module, function: ast.FunctionDef | None) -> set[str] | re.Pattern[str]:
    """What a code argument can be: texts, a pattern for an f-string, nothing for what is passed on from a finding."""
    if isinstance(argument, ast.Constant):
        return {str(argument.value)}
    if isinstance(argument, ast.JoinedStr):
        parts = [
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else "[a-z-]+" for part in argument.values
        ]
        return re.compile("".join(parts))
    if isinstance(argument, ast.Name) and function is not None:
        names = [a.arg for a in function.args.args]
        if argument.id in names:
            place = names.index(argument.id)
            calls = [
                node
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function.name
            ]
            return set().union(*(_texts(call.args[place]) for call in calls if len(call.args) > place))
        assigned = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == argument.id for t in node.targets)
        ]
        return {text for value in assigned for text in _texts(value) if CODE_PATTERN.fullmatch(text)}
    return set()


def findings_in_code() -> tuple[dict[str, set[str]], list[re.Pattern[str]]]:
    """Code → levels of every finding and remark the program can make, and patterns of codes that are put together."""
    found: dict[str, set[str]] = {}
    patterns: list[re.Pattern[str]] = []
    for path in CODE:
        tree = ast.parse(path.read_text("utf-8"))
        around = _function_of(tree)
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) >= 3):
                continue
            if node.func.id not in ("Finding", "Remark"):
                continue
            codes = _resolved(node.args[0], tree, around.get(node))
            levels = _texts(node.args[1]) & LEVELS
            if isinstance(codes, re.Pattern):
                patterns.append(codes)
                continue
            for code in codes:
                found.setdefault(code, set()).update(levels)
    return found, patterns


def documented_findings() -> dict[str, set[str]]:
    """Code → levels as findings.md states them."""
    found = {}
    for section in re.split(r"^### ", document("findings.md"), flags=re.MULTILINE)[1:]:
        code, _, text = section.partition("\n")
        levels, _, _ = text.removeprefix("Level: ").partition(".")
        found[code.strip()] = set(re.findall(r"info|warning|error", levels))
        assert "**Do:**" in text, f"{code} does not say what to do"
    return found


def test_that_every_finding_of_the_program_is_documented_with_its_levels() -> None:
    found, patterns = findings_in_code()
    documented = documented_findings()
    assert sorted(set(found) - set(documented)) == []
    differing = {code: (levels, documented[code]) for code, levels in found.items() if levels - documented[code]}
    assert differing == {}
    assert [p.pattern for p in patterns if not any(p.fullmatch(code) for code in documented)] == []


def test_that_every_documented_finding_exists() -> None:
    found, patterns = findings_in_code()
    unknown = [c for c in documented_findings() if c not in found and not any(p.fullmatch(c) for p in patterns)]
    assert unknown == []


def test_that_no_finding_is_documented_twice() -> None:
    codes = re.findall(r"^### (\S+)$", document("findings.md"), flags=re.MULTILINE)
    assert sorted(codes) == sorted(set(codes))


# --- constants --------------------------------------------------------------------------------------------------------

UNITS = {"": 1.0, "%": 0.01, "mm": 1.0, "g": 1e-3, "d": 86400.0, "days": 1.0}


def _choices() -> dict[str, str]:
    section = document("theory.md").split("\n## Choices of this program\n")[1]
    return {row[2].strip("`"): row[1] for row in table_rows(section)}


@pytest.mark.parametrize(("name", "text"), _choices().items(), ids=lambda value: value)
def test_that_every_choice_of_the_program_has_the_value_that_is_documented(name: str, text: str) -> None:
    module, _, constant = name.rpartition(".")
    value = getattr(importlib.import_module(f"dosimetry_core.{module}"), constant)
    number, _, unit = text.partition(" ")
    top, _, root = number.partition("/√")
    documented = float(top) / (math.sqrt(float(root)) if root else 1.0) * UNITS[unit]
    assert value == pytest.approx(documented, rel=1e-12)


# --- links, tests, commands, keys -------------------------------------------------------------------------------------


def _anchors(text: str) -> set[str]:
    """Anchors of the headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower().replace("–", "")) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("path", [*DOCUMENTS, ROOT / "README.md"], ids=lambda path: path.name)
def test_that_every_relative_link_resolves(path: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name) if name else path
        inside = FOLDER in file.resolve().parents or path.parent == ROOT
        if not file.exists() or not inside or (anchor and anchor not in _anchors(file.read_text("utf-8"))):
            broken.append(target)
    assert broken == []


def test_that_every_document_is_named_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [path.name for path in DOCUMENTS if f"resources/documentation/{path.name}" not in readme] == []


@pytest.mark.parametrize("path", [*DOCUMENTS, ROOT / "README.md"], ids=lambda path: path.name)
def test_that_every_file_of_the_program_that_is_named_exists(path: Path) -> None:
    named = re.findall(r"`((?:resources|tests|dosimetry_core|widgets|app)/[\w./-]+)`", path.read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_that_every_test_named_beside_a_hazard_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", document("hazards.md"))
    assert named
    missing = []
    for file, name in named:
        path = ROOT / file
        defined = re.findall(r"^def (test_\w+)", path.read_text("utf-8"), flags=re.MULTILINE) if path.exists() else []
        if name not in defined:
            missing.append(f"{file}::{name}")
    assert missing == []


def test_that_every_hazard_names_a_test() -> None:
    rows = [row for row in table_rows(document("hazards.md")) if len(row) == 3]
    assert [row[0] for row in rows if "::test_" not in row[2]] == []


@pytest.mark.parametrize("path", [*DOCUMENTS, ROOT / "README.md"], ids=lambda path: path.name)
def test_that_every_command_named_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    named = set(re.findall(r"`lutetia ([a-z]+)", text)) | set(re.findall(r"^ +lutetia ([a-z]+)", text, re.MULTILINE))
    assert sorted(named - set(COMMANDS)) == []


def test_that_every_command_is_documented_with_its_options() -> None:
    text = document("case-file.md")
    assert [command for command in COMMANDS if f"`lutetia {command}" not in text] == []
    parser = "".join(path.read_text("utf-8") for path in sorted((ROOT / "app").glob("*.py")))
    options = set(re.findall(r'add_argument\(\s*"(--[a-z-]+)"', parser))
    assert sorted(option for option in options if option not in text) == []


def test_that_every_key_of_the_window_is_in_the_user_guide() -> None:
    guide = document("user-guide.md")
    missing = [act.name for act in KEY_ACTS for key in act.keys[:1] if not _has_key(guide, key)]
    assert missing == []


def test_that_the_user_guide_has_the_table_of_the_mouse_as_delivered() -> None:
    guide = document("user-guide.md")
    lines = [f"| {VIEW_WORDS[act.views]}{act.gesture} | {act.text} |" for act in MOUSE_ACTS]
    assert "\n".join(lines) in guide


def _has_key(guide: str, key: str) -> bool:
    shown = key.replace("Return", "Enter")
    if shown in ("1", "2", "3", "4", "5"):
        return "1 … 5" in guide
    return re.search(rf"(?<![\w+]){re.escape(shown)}(?![\w+])", guide) is not None


# --- case file and result files ---------------------------------------------------------------------------------------


def _keys_of_schema(name: str) -> set[str]:
    keys: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            properties = node.get("properties")
            if isinstance(properties, dict):
                keys.update(properties)
            names = node.get("propertyNames")
            if isinstance(names, dict):
                keys.update(names.get("enum", ()))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(json.loads((ROOT / "resources" / "schemas" / f"{name}.schema.json").read_text("utf-8")))
    return keys


@pytest.mark.parametrize("name", ["case", "results", "plan"])
def test_that_every_key_of_the_schemas_is_documented(name: str) -> None:
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", document("case-file.md")))))
    assert sorted(_keys_of_schema(name) - words) == []


def test_that_every_documented_case_key_is_in_the_schema() -> None:
    section = document("case-file.md").partition("## case.toml, key by key")[2].partition("## Protocol files")[0]
    documented = {key for row in table_rows(section) for key in re.findall(r"`(\w+)`", row[0])}
    assert sorted(documented - _keys_of_schema("case")) == []


def test_that_documented_defaults_are_those_of_the_program() -> None:
    text = document("case-file.md")
    rows = {row[0].strip("`"): row for row in table_rows(text)}
    settings = Settings()
    marrow = settings.red_marrow
    expected = {
        "model": f"`{settings.fit.model}`",
        "weights": f"`{settings.fit.weights}`",
        "rest_of_body": f"`{marrow.rest_of_body}`",
        "marrow_to_blood_ratio": f"{marrow.marrow_to_blood_ratio}",
        "marrow_to_blood": f"`{marrow.marrow_to_blood}`",
        "extracellular_fluid_fraction": f"{marrow.extracellular_fluid_fraction}",
        "marrow_density_g_per_ml": f"{marrow.marrow_density_g_per_ml}",
        "alpha_beta_gy": f"{settings.radiobiology.kidneys_alpha_beta_gy}",
        "repair_half_life_h": f"{HOUR.from_core(settings.radiobiology.kidneys_repair_half_life_s):g}",
        "blood_density_g_per_ml": f"{marrow.blood_density_g_per_ml}",
        "scale_remainder_by_body_mass": f"`{str(marrow.scale_remainder_by_body_mass).lower()}`",
        "time_zero": f"`{settings.time_zero}`",
    }
    assert {key: value for key, value in expected.items() if value not in rows[key]} == {}
    densities = text.partition("### `[settings.density_g_per_ml]`")[2].partition("###")[0]
    stated = {row[0].strip("`"): row[2] for row in table_rows(densities)}
    assert {k: float(v) for k, v in stated.items() if v != "none"} == dict(settings.density_g_per_ml)
    assert [name for name in bundled_protocols() if f"`{name}`" not in text] == []


# --- data, third parties, validation ----------------------------------------------------------------------------------


def test_that_every_bundled_table_is_in_the_data_page() -> None:
    text = document("data.md")
    kept = [
        path
        for path in (ROOT / "resources").rglob("*")
        if path.is_file()
        and path.name not in ("SOURCE", "DIGESTS", "LICENSE", "OFL.txt", "__init__.py")
        and not {"documentation", "schemas", "icons", "__pycache__"} & set(path.relative_to(ROOT).parts)
    ]
    assert sorted(path.name for path in kept if f"`{path.name}`" not in text) == []
    folders = {path.parent.relative_to(ROOT).as_posix() for path in kept}
    assert sorted(folder for folder in folders if f"`{folder}`" not in text) == []


def _normalised(licence: str) -> str:
    return {"Apache": "Apache-2.0", "BSD": "BSD-3-Clause", "MIT License": "MIT"}.get(licence, licence)


def test_that_third_party_software_is_that_of_the_project_with_its_licence() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {}
    for requirement in project["dependencies"]:
        match = re.match(r"([A-Za-z0-9._-]+)([^;]*)", requirement)
        assert match is not None
        declared[match[1]] = match[2].strip()
    rows = [row for row in table_rows(document("third-party.md")) if len(row) == 4]
    assert {row[0]: row[1].strip("`") for row in rows} == declared
    differing = {}
    for name, _, licence, why in rows:
        assert why, name
        metadata = importlib.metadata.metadata(name)
        stated = metadata.get("License-Expression")
        # numpy names the licences of what it holds as well.
        if stated and not (licence == stated or stated.startswith(f"{licence} AND")):
            differing[name] = (licence, stated)
        short = _normalised(metadata.get("License") or "")
        if not stated and len(short) < 40 and re.search(r"Apache|BSD|MIT|LGPL", short) and licence not in short:
            differing[name] = (licence, short)
    assert differing == {}
    tools = [re.match(r"[A-Za-z0-9._-]+", tool) for tool in project["optional-dependencies"]["dev"]]
    text = " ".join(document("third-party.md").split())
    assert [tool[0] for tool in tools if tool is not None and tool[0] not in text] == []


def test_that_every_figure_of_the_long_tests_is_in_the_validation_page() -> None:
    text = document("validation.md")
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    printed = set(re.findall(r'(?:figure_line|store_figure)\(\s*"([\w-]+)"', sources))
    anatomy = (ROOT / "tests" / "anatomy" / "test_real_anatomy.py").read_text("utf-8")
    printed |= {f"anatomy-{name}" for name in re.findall(r'StudyPlan\(\s*"([\w-]+)"', anatomy)}
    assert sorted(identity for identity in printed if f"`{identity}`" not in text) == []
    results, _, after = text.partition("\n## What the second opinion leaves out\n")
    stated = re.findall(r"^\| `([a-z][\w-]+)`", results + after.partition("\n## ")[2], flags=re.MULTILINE)
    stems = re.findall(r'store_figure\(\s*f"([a-z-]+)', sources)
    stems += re.findall(r'"id": f?"([a-z-]+)', sources) + re.findall(r'\{"id": "([\w-]+)', sources)
    known = printed | {stem.rstrip("-") for stem in stems}
    known |= set(re.findall(r'\{\{"id": "([\w-]+)', sources)) | set(NAMES)
    assert [name for name in stated if not any(name.startswith(stem) for stem in known)] == []


@pytest.mark.parametrize("path", [*DOCUMENTS, ROOT / "README.md", ROOT / "CHANGELOG.md"], ids=lambda path: path.name)
def test_that_documents_name_no_machine_and_leave_nothing_open(path: Path) -> None:
    text = path.read_text("utf-8")
    assert re.findall(r"(?:/home/|/work/|/tmp/|/root/|localhost|https?://\S*index)\S*", text) == []
    assert re.findall(r"\b(?:TODO|TBD|FIXME|RESULT)\b", text) == []
