"""Mass density of tissue against CT number: a curve with its source, for one scanner and tube voltage or for any."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dosimetry_core.errors import Finding
from dosimetry_core.toml_table import TomlTable

LOWEST_HU, HIGHEST_HU = -1100.0, 32767.0
HIGHEST_G_PER_ML: Final = 23.0
SAME_TUBE_VOLTAGE_KV: Final = 1.0


@dataclass(frozen=True)
class DensityCurve:
    """Straight lines between points, held at the ends.

    Parameters
    ----------
    points
        (CT number in HU, density in g/mL), both rising.
    source
        Where the points are from; printed with the results.
    scanner
        Part of manufacturer and model, whatever the case; empty for any scanner.
    tube_voltage_kv
        None for any.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    source: str
    scanner: str = ""
    tube_voltage_kv: float | None = None

    @property
    def rises(self) -> bool:
        """Whether it is a curve: two points or more that rise in CT number and density."""
        return len(self.points) > 1 and all(a[0] < b[0] and a[1] < b[1] for a, b in itertools.pairwise(self.points))

    def density_g_per_ml(self, hounsfield: NDArray[Any]) -> NDArray[np.float32]:
        """Mass density of CT numbers in HU. Raises ValueError if the points do not rise."""
        if not self.rises:
            raise ValueError("a density curve needs two points or more that rise in CT number and density")
        numbers, densities = zip(*self.points, strict=True)
        found: NDArray[np.float32] = np.interp(hounsfield, numbers, densities).astype(np.float32)
        return found

    def fits(self, scanner: str, tube_voltage_kv: float | None) -> bool:
        """Whether it is stated for this scanner and tube voltage; what it doesn't state fits any."""
        if self.scanner and self.scanner.casefold() not in scanner.casefold():
            return False
        if self.tube_voltage_kv is None:
            return True
        return tube_voltage_kv is not None and abs(tube_voltage_kv - self.tube_voltage_kv) <= SAME_TUBE_VOLTAGE_KV


DEFAULT_CURVE: Final = DensityCurve(
    "water and calcium, 120 kV",
    ((-1000.0, 0.0), (17 / 0.408, 1 + 0.017 / 0.408), (3071.0, 1.017 + 0.592e-3 * 3071)),
    "water and air below 42 HU; above, tissue with calcium: Schneider, Bortfeld and Schlegel, Phys Med Biol 45 (2000) "
    "459, 120 kV",
)
"""The lines 1 + H/1000 and 1.017 + 0.592 H/1000, which meet where H = 17/0.408."""


def chosen_curve(
    curves: Sequence[DensityCurve], scanner: str, tube_voltage_kv: float | None, place: str
) -> tuple[DensityCurve, tuple[Finding, ...]]:
    """The first of the most specific curves that fit; without one the default curve, which is said."""
    fitting = [curve for curve in curves if curve.fits(scanner, tube_voltage_kv)]
    if fitting:
        return max(fitting, key=lambda curve: (curve.tube_voltage_kv is not None) + 2 * bool(curve.scanner)), ()
    voltage = "unknown tube voltage" if tube_voltage_kv is None else f"{tube_voltage_kv:g} kV"
    what = f"{scanner or 'an unnamed scanner'}, {voltage}"
    text = (
        f"No density curve of the case is for this CT ({what}); the density follows the default curve, "
        f"{DEFAULT_CURVE.name}."
    )
    return DEFAULT_CURVE, (Finding("density-curve-default", "warning" if curves else "info", text, place),)


def read_density_curve(table: TomlTable) -> DensityCurve | None:
    """One curve of a TOML file; None if it can't be used, which the table has noted."""
    name, source = table.text("name"), table.text("source")
    scanner = table.optional_text("scanner") or ""
    voltage = table.optional_number("tube_voltage_kv", minimum=20, maximum=200)
    raw = table.content["points"] if table.has("points") else None
    remedy = "write [[-1000, 0.0], [0, 1.0], …]: HU and g/mL, both rising, two points or more"
    points: list[tuple[float, float]] = []
    for item in raw if isinstance(raw, list) else ():
        if (
            isinstance(item, list)
            and len(item) == 2
            and all(isinstance(v, int | float) and not isinstance(v, bool) for v in item)
            and LOWEST_HU <= item[0] <= HIGHEST_HU
            and 0 <= item[1] <= HIGHEST_G_PER_ML
        ):
            points.append((float(item[0]), float(item[1])))
        else:
            table.wrong("points", f"{item!r} is no point", remedy)
            return None
    table.finish()
    curve = DensityCurve(name, tuple(points), source, scanner, voltage)
    if not curve.rises:
        table.wrong("points", "do not rise", remedy)
        return None
    return curve
