"""The lock file resolves to wheels alone on every platform that is promised."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
BLOCK = re.compile(r"(?m)^([A-Za-z0-9._-]+)==([^ ;\\\n]+)(?: ; ([^\\\n]+))?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)")
PINS = [
    (canonicalize_name(name), version, marker.strip(), set(re.findall(r"[0-9a-f]{64}", hashes)))
    for name, version, marker, hashes in BLOCK.findall(LOCK)
]
WHEELS = [line.split() for line in (Path(__file__).parent / "reference/locked_wheels.txt").read_text().splitlines()]
PLATFORMS = {
    "linux": (
        {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
        [f"manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1)]
        + ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"],
    ),
    "windows": (
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
        ["win_amd64"],
    ),
    "macos": (
        {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
        list(mac_platforms((14, 0), "arm64")),
    ),
}


def _tags(python: tuple[int, int], platforms: list[str]) -> set[Tag]:
    interpreter = f"cp{python[0]}{python[1]}"
    return {*cpython_tags(python, platforms=platforms), *compatible_tags(python, interpreter, platforms)}


@pytest.mark.parametrize("python", [(3, 11), (3, 12), (3, 13)], ids=lambda p: f"{p[0]}.{p[1]}")
@pytest.mark.parametrize("platform", sorted(PLATFORMS))
def test_that_every_locked_package_has_a_wheel(platform: str, python: tuple[int, int]) -> None:
    environment, platforms = PLATFORMS[platform]
    version = f"{python[0]}.{python[1]}"
    environment = environment | {
        "python_version": version,
        "python_full_version": f"{version}.5",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    tags = _tags(python, platforms)
    missing = []
    for name, pinned, marker, hashes in PINS:
        if marker and not Marker(marker).evaluate(environment):
            continue
        fits = any(
            digest in hashes
            and canonicalize_name(parse_wheel_filename(wheel)[0]) == name
            and parse_wheel_filename(wheel)[3] & tags
            for digest, wheel in WHEELS
        )
        if not fits:
            missing.append(f"{name}=={pinned}")
    assert len(PINS) > 40
    assert missing == []


def test_that_the_lock_satisfies_what_the_project_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pins = {}
    for name, version, _, _ in PINS:
        pins.setdefault(name, []).append(version)
    for text in project["dependencies"] + project["optional-dependencies"]["dev"]:
        need = Requirement(text)
        versions = pins.get(canonicalize_name(need.name), [])
        assert versions, f"{need.name} is not locked"
        assert all(need.specifier.contains(version) for version in versions), text


def test_that_the_offline_bundle_leaves_out_the_tools_of_developers() -> None:
    sys.path.insert(0, str(ROOT / ".ci"))
    try:
        import bundle
    finally:
        sys.path.pop(0)
    lock = bundle.runtime_lock()
    names = set(re.findall(r"(?m)^([a-z0-9._-]+)==", lock))
    assert {"numpy", "pyside6-essentials", "vtk", "typst", "cryptography", "lxml"} <= names
    assert not names & {"pytest", "mypy", "ruff", "hypothesis"}
