"""`lutetia dose`: absorbed dose from a known map of time-integrated activity, for commissioning and comparison."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from app.outputs import output_folder, require_folder
from dosimetry_core.errors import (
    DosimetryError,
    GeometryMismatchError,
    InconsistentCaseError,
    MissingDataError,
    raise_problems,
)

if TYPE_CHECKING:
    from dosimetry_core.dicom.nifti import NiftiVolume
    from dosimetry_core.dose.media import Medium
    from dosimetry_core.dose.s_values import Sex

DONE = 0
ENGINES = ("voxel-s-values", "local-deposition", "sphere", "organ-level")
HEAVIEST_G_PER_ML: Final = 23.0
"""Denser than any element but a few; CT numbers or kg/m³ lie beyond."""
MOST_ACTIVITY_BQ_S: Final = 1e18
"""A hundred times what a whole course decays; more is another unit."""
LARGEST_VOXEL_MM: Final = 25.0
SMALLEST_VOXEL_MM: Final = 0.25


@dataclass(frozen=True)
class NamedLabel:
    """A label of the map, as the names file has it."""

    number: int
    name: str
    medium: Medium
    unused_keys: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class KnownMap:
    """What the command was given, read and checked."""

    time_integrated_activity: NiftiVolume
    density: NiftiVolume
    labels: NiftiVolume
    names: tuple[NamedLabel, ...]
    inputs: Mapping[str, str]


@dataclass(frozen=True)
class DoseOptions:
    """What is to be computed from the map, and how.

    Parameters
    ----------
    sex
        Of the reference phantom of the engine organ-level; without it that engine is left out.
    """

    nuclide: str
    engine: str
    photons: bool = True
    electron_media: bool = True
    volume_at_gy: tuple[float, ...] = ()
    sex: Sex | None = None


def add_parser(commands: Any) -> None:
    """Add the command to the command line."""
    dose = commands.add_parser("dose", help="absorbed dose from a known map of time-integrated activity")
    dose.add_argument("--time-integrated-activity", type=Path, required=True, metavar="A.nii.gz", help="Bq·s per voxel")
    dose.add_argument("--density", type=Path, required=True, metavar="D.nii.gz", help="g/mL")
    dose.add_argument("--labels", type=Path, required=True, metavar="L.nii.gz")
    dose.add_argument("--names", type=Path, required=True, metavar="N.json", help="names and media of the labels")
    dose.add_argument("--nuclide", required=True, metavar="Lu-177")
    dose.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    dose.add_argument("--sex", choices=("F", "M"), help="reference phantom of the engine organ-level")
    dose.add_argument("--out", type=Path, required=True, metavar="DIR")
    dose.add_argument("--without-photons", action="store_true", help="leave the emitted photons out")
    dose.add_argument("--without-electron-media", action="store_true", help="take everything for soft tissue of 1 g/mL")
    dose.add_argument(
        "--volume-at", type=float, action="append", default=[], metavar="GY", help="volume receiving at least this dose"
    )


def dose(arguments: argparse.Namespace) -> int:
    """Read, compute, write dose.nii.gz and results.json."""
    from app.dose_results import dose_results
    from app.nifti import write_nifti
    from dosimetry_core.canonical_json import canonical_bytes

    require_folder(arguments.out)
    known = read_known_map(arguments.time_integrated_activity, arguments.density, arguments.labels, arguments.names)
    if any(not value > 0 for value in arguments.volume_at):
        raise DosimetryError("a dose must be positive", where="--volume-at", remedy="give it in Gy")
    if arguments.volume_at and arguments.engine in ("sphere", "organ-level"):
        raise DosimetryError(
            f"the engine {arguments.engine} has no dose volumes",
            where="--volume-at",
            remedy="leave it out, or choose voxel-s-values or local-deposition",
        )
    if arguments.engine == "organ-level" and arguments.sex is None:
        raise DosimetryError(
            "which reference phantom is unknown", where="--engine organ-level", remedy="add --sex F or M"
        )
    options = DoseOptions(
        arguments.nuclide,
        arguments.engine,
        photons=not arguments.without_photons,
        electron_media=not arguments.without_electron_media,
        volume_at_gy=tuple(arguments.volume_at),
        sex=arguments.sex,
    )
    results, volume = dose_results(known, options)
    with output_folder(arguments.out) as folder:
        write_nifti(folder / "dose.nii.gz", volume.values, volume.geometry)
        (folder / "results.json").write_bytes(canonical_bytes(results))
    for finding in results["findings"]:
        print(f"{finding['level']} [{finding['code']}] {finding['text']}")
    print(arguments.out / "results.json")
    return DONE


def read_known_map(time_integrated_activity: Path, density: Path, labels: Path, names: Path) -> KnownMap:
    """Read the four files, and refuse what contradicts itself or is in another unit.

    Raises
    ------
    DosimetryError
        One or several, each with its file.
    """
    from dosimetry_core.dicom.nifti import read_nifti

    activity_map, density_map, label_map = (read_nifti(path) for path in (time_integrated_activity, density, labels))
    named, names_digest = _read_names(names)
    problems: list[DosimetryError] = []
    for other in (density_map, label_map):
        if not activity_map.geometry.is_same_grid(other.geometry):
            problems.append(
                GeometryMismatchError(
                    f"is on another grid than {time_integrated_activity.name} "
                    f"({_grid_text(other)} against {_grid_text(activity_map)})",
                    where=str(other.path),
                    remedy="resample it onto the same grid",
                )
            )
    problems += (
        _activity_problems(activity_map) + _density_problems(density_map) + _label_problems(label_map, names, named)
    )
    raise_problems(problems)
    inputs = {
        _key(volume.path, (time_integrated_activity, density, labels, names)): volume.source_file.sha256
        for volume in (activity_map, density_map, label_map)
    }
    inputs[_key(names, (time_integrated_activity, density, labels, names))] = names_digest
    return KnownMap(activity_map, density_map, label_map, named, inputs)


def _key(path: Path, all_paths: tuple[Path, ...]) -> str:
    """File name, or the whole path where two files share their name."""
    return path.name if sum(other.name == path.name for other in all_paths) == 1 else path.as_posix()


def _grid_text(volume: NiftiVolume) -> str:
    geometry = volume.geometry
    shape = "×".join(str(n) for n in reversed(geometry.shape))
    spacing = "×".join(f"{s:g}" for s in reversed(geometry.spacing_mm))
    origin = ", ".join(f"{x:g}" for x in geometry.origin_mm)
    return f"{shape} voxels of {spacing} mm from ({origin}) mm"


def _activity_problems(volume: NiftiVolume) -> list[DosimetryError]:
    where = str(volume.path)
    problems: list[DosimetryError] = []
    values = np.asarray(volume.values, dtype=np.float64)
    if not np.all(np.isfinite(values)):
        problems.append(InconsistentCaseError("holds values that are no numbers", where=where, remedy="write it again"))
    elif values.min() < 0:
        problems.append(
            InconsistentCaseError(
                f"holds negative time-integrated activity ({values.min():g} Bq·s)",
                where=where,
                remedy="correct the map",
            )
        )
    elif not values.max() > 0:
        problems.append(MissingDataError("holds no activity", where=where, remedy="check which file this is"))
    elif values.sum() > MOST_ACTIVITY_BQ_S:
        problems.append(
            InconsistentCaseError(
                f"sums to {values.sum():.3g} Bq·s, more than any therapy", where=where, remedy="give Bq·s in each voxel"
            )
        )
    spacing = volume.geometry.spacing_mm
    if max(spacing) > LARGEST_VOXEL_MM or min(spacing) < SMALLEST_VOXEL_MM:
        problems.append(
            InconsistentCaseError(
                f"has voxels of {'×'.join(f'{s:g}' for s in reversed(spacing))} mm",
                where=where,
                remedy=f"give voxels of {SMALLEST_VOXEL_MM:g} to {LARGEST_VOXEL_MM:g} mm, in mm",
            )
        )
    return problems


def _density_problems(volume: NiftiVolume) -> list[DosimetryError]:
    where = str(volume.path)
    values = np.asarray(volume.values, dtype=np.float64)
    remedy = "give the density in g/mL"
    if not np.all(np.isfinite(values)):
        return [InconsistentCaseError("holds values that are no numbers", where=where, remedy=remedy)]
    if values.min() < 0 or values.max() > HEAVIEST_G_PER_ML:
        text = f"holds densities from {values.min():g} to {values.max():g} g/mL"
        return [InconsistentCaseError(text, where=where, remedy=remedy)]
    return []


def _label_problems(volume: NiftiVolume, names: Path, named: tuple[NamedLabel, ...]) -> list[DosimetryError]:
    where = str(volume.path)
    values = np.asarray(volume.values)
    if not np.all(np.isfinite(values)) or np.any(values != np.round(values)) or values.min() < 0:
        return [
            InconsistentCaseError(
                "holds values that are no labels", where=where, remedy="write labels as whole numbers, 0 for background"
            )
        ]
    present = {int(label) for label in np.unique(values)} - {0}
    unnamed = sorted(present - {label.number for label in named})
    if unnamed:
        return [
            MissingDataError(
                f"labels without a name: {', '.join(map(str, unnamed))}", where=str(names), remedy="name every label"
            )
        ]
    if not present:
        return [MissingDataError("holds no label", where=where, remedy="check which file this is")]
    return []


def _read_names(path: Path) -> tuple[tuple[NamedLabel, ...], str]:
    """Labels with names and media, and the digest of the file."""
    from dosimetry_core.dicom.voi_names import normalised_name
    from dosimetry_core.dose.media import MEDIA

    form = 'write {"5": {"name": "spleen", "medium": "soft-tissue"}, …}'
    try:
        content = path.read_bytes()
        table = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_without_doubles)
    except OSError as error:
        raise DosimetryError(
            f"can't be read ({error.strerror or error})", where=str(path), remedy="check the name and the rights"
        ) from error
    except ValueError as error:
        raise DosimetryError(f"is not a table of names ({error})", where=str(path), remedy=form) from error
    if not isinstance(table, dict) or not table:
        raise DosimetryError("is not a table of names", where=str(path), remedy=form)
    problems: list[DosimetryError] = []
    found: list[NamedLabel] = []
    for key, entry in table.items():
        where = f"{path}, label {key}"
        if not key.isdecimal() or int(key) == 0:
            problems.append(InconsistentCaseError("is no label number", where=where, remedy=form))
        elif not isinstance(entry, dict) or not {"name", "medium"} <= set(entry):
            problems.append(InconsistentCaseError("needs a name and a medium", where=where, remedy=form))
        elif not isinstance(entry["name"], str) or not normalised_name(entry["name"]):
            problems.append(InconsistentCaseError("has no name", where=where, remedy=form))
        elif entry["medium"] not in MEDIA:
            problems.append(
                InconsistentCaseError(
                    f"unknown medium {entry['medium']!r}", where=where, remedy=f"use one of {', '.join(MEDIA)}"
                )
            )
        else:
            name = normalised_name(entry["name"])
            if any(name == other.name for other in found):
                problems.append(
                    InconsistentCaseError(f"the name {name!r} occurs twice", where=where, remedy="give it another name")
                )
            found.append(NamedLabel(int(key), name, entry["medium"], tuple(sorted(set(entry) - {"name", "medium"}))))
    raise_problems(problems)
    return tuple(found), hashlib.sha256(content).hexdigest()


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    doubled = sorted({key for key in keys if keys.count(key) > 1})
    if doubled:
        raise ValueError(f"{', '.join(doubled)} occurs twice")
    return dict(pairs)
