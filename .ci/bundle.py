"""Writes an offline install folder: the wheels of Lutetia and of all it needs, and install scripts."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

INSTALL_SH = """#!/bin/sh
# Installs Lutetia into the folder named (default: lutetia in the home folder), from this folder alone.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-$HOME/lutetia}
python3 -m venv "$target"
"$target/bin/python" -m pip install --no-index --find-links "$here/wheels" --require-hashes -r "$here/runtime.lock"
"$target/bin/python" -m pip install --no-index --find-links "$here/wheels" --no-deps lutetia
echo "Installed. Start it with: $target/bin/lutetia"
"""

INSTALL_BAT = """@echo off
rem Installs Lutetia into the folder named (default: lutetia in the profile folder), from this folder alone.
set target=%1
if "%target%"=="" set target=%USERPROFILE%\\lutetia
py -3 -m venv "%target%" || exit /b 1
"%target%\\Scripts\\python" -m pip install --no-index --find-links "%~dp0wheels" --require-hashes ^
  -r "%~dp0runtime.lock" || exit /b 1
"%target%\\Scripts\\python" -m pip install --no-index --find-links "%~dp0wheels" --no-deps lutetia || exit /b 1
echo Installed. Start it with: "%target%\\Scripts\\lutetia"
"""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def runtime_lock() -> str:
    """The part of requirements.lock that the program needs to run, without the tools of its developers."""
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text("utf-8"))
    blocks = [block for block in blocks if block.strip()]
    parents = {}
    for block in blocks:
        name = _normal(re.match(r"[A-Za-z0-9._-]+", block).group())
        via = re.findall(r"#\s+(?:via\s+)?([A-Za-z0-9._-]+)", block)
        parents.setdefault(name, set()).update(_normal(parent) for parent in via)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {_normal(re.match(r"[A-Za-z0-9._-]+", need).group()) for need in project["dependencies"]}
    while True:
        more = {name for name, via in parents.items() if via & wanted} - wanted
        if not more:
            break
        wanted |= more
    return "".join(block for block in blocks if _normal(re.match(r"[A-Za-z0-9._-]+", block).group()) in wanted)


def main() -> None:
    """Fill the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--platform", help="for example win_amd64, macosx_13_0_arm64, manylinux_2_34_x86_64")
    parser.add_argument("--python-version", help="for example 3.12")
    arguments = parser.parse_args()
    wheels = arguments.folder / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    lock = arguments.folder / "runtime.lock"
    lock.write_text(runtime_lock(), "utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    target = []
    if arguments.platform:
        target += ["--platform", arguments.platform]
    if arguments.python_version:
        target += ["--python-version", arguments.python_version]
    subprocess.run(
        [*pip, "download", "-q", "--only-binary", ":all:", "--require-hashes", "-r", lock, "-d", wheels, *target],
        check=True,
    )
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", wheels, ROOT], check=True)
    (arguments.folder / "install.sh").write_text(INSTALL_SH, "utf-8")
    (arguments.folder / "install.sh").chmod(0o755)
    (arguments.folder / "install.bat").write_text(INSTALL_BAT, "utf-8", newline="\r\n")
    count = len(list(wheels.glob("*.whl")))
    print(
        f"{count} wheels in {wheels}; copy {arguments.folder} to the computer and run install.sh or install.bat there"
    )


if __name__ == "__main__":
    main()
