"""S values of the ICRP 133 reference phantoms, with the masses they belong to.

The masses of the same table must be used for scaling: ICRP 133 divides by masses that include regional blood
(kidneys 0.422 / 0.357 kg), other tables by 0.310 / 0.275 kg.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from dosimetry_core.data_tables import table_rows
from dosimetry_core.errors import InconsistentCaseError, MissingDataError

Sex = Literal["F", "M"]
RestOfBody = Literal["icrp-other", "total-body-difference", "soft-tissue"]
REST_OF_BODY_CONVENTIONS: Final[tuple[RestOfBody, ...]] = ("icrp-other", "total-body-difference", "soft-tissue")

KIDNEYS: Final = "Kidneys"
LIVER: Final = "Liver"
SPLEEN: Final = "Spleen"
RED_MARROW: Final = "R-marrow"
TOTAL_BODY: Final = "Total_body_tissue"
TOTAL_BODY_WITH_BLOOD: Final = "Total_body_incl_blood"
REST_WITHOUT_ORGANS: Final = "Rest_KLS"
REST_WITHOUT_ORGANS_AND_MARROW: Final = "Rest_KLS_RM"
SOFT_REST_WITHOUT_ORGANS_AND_MARROW: Final = "Rest_soft_KLS_RM"

_PHANTOMS: Final = {"M": "AM", "F": "AF"}


@dataclass(frozen=True)
class SValue:
    """Mean absorbed dose to a target region per decay in a source region.

    Parameters
    ----------
    electron_gy_per_bq_s, photon_gy_per_bq_s
        Parts by electrons and by photons.
    target_mass_kg
        Mass that divides the S value (blood of the region included); scale from this one.
    source_mass_kg
        Mass of the source region, without blood.
    """

    nuclide: str
    sex: Sex
    target: str
    source: str
    electron_gy_per_bq_s: float
    photon_gy_per_bq_s: float
    target_mass_kg: float
    source_mass_kg: float

    @property
    def total_gy_per_bq_s(self) -> float:
        """Electrons and photons."""
        return self.electron_gy_per_bq_s + self.photon_gy_per_bq_s


@functools.cache
def _table() -> dict[tuple[str, str, str, str], SValue]:
    sexes: dict[str, Sex] = {"AM": "M", "AF": "F"}
    table = {}
    for row in table_rows("physics", "s_values_icrp133.csv"):
        key = (row["nuclide"], row["phantom"], row["target"], row["source"])
        table[key] = SValue(
            row["nuclide"],
            sexes[row["phantom"]],
            row["target"],
            row["source"],
            float(row["S_electron"]),
            float(row["S_photon"]),
            float(row["target_kg"]),
            float(row["source_kg"]),
        )
    return table


def s_value(nuclide_name: str, sex: Sex, *, target: str, source: str) -> SValue:
    """S(target ← source) of the bundled ICRP 133 table.

    Raises
    ------
    MissingDataError
        If the table doesn't have it.
    """
    found = _table().get((nuclide_name, _PHANTOMS[sex], target, source))
    if found is None:
        raise MissingDataError(
            f"the S-value table has no {target} ← {source} for {nuclide_name}, {sex}",
            where="resources/physics/s_values_icrp133.csv",
            remedy="use a nuclide and regions of the table, or a voxel method",
        )
    return found


def s_value_from_matrix_gy_per_bq_s(nuclide_name: str, sex: Sex, *, target: str, source: str) -> float:
    """S(target ← source), electrons and photons together, from the full matrix of 43 targets and 79 sources."""
    name = f"s_matrix_icrp133_{nuclide_name}_{_PHANTOMS[sex]}.csv"
    for row in table_rows("physics", name):
        if row["target"] == target:
            if source not in row:
                break
            return float(row[source])
    raise MissingDataError(
        f"no {target} ← {source}", where=f"resources/physics/{name}", remedy="use regions of the table"
    )


@functools.cache
def reference_source_mass_kg(sex: Sex, region: str) -> float:
    """Mass of a source region without blood (ICRP 133 / ICRP 89)."""
    column = "source_male_kg" if sex == "M" else "source_female_kg"
    for row in table_rows("physics", "masses_icrp133.csv"):
        if row["region"] == region and row[column]:
            return float(row[column])
    raise MissingDataError(f"no mass for {region}", where="resources/physics/masses_icrp133.csv")


def reference_body_mass_kg(sex: Sex) -> float:
    """Body mass of the reference phantom, blood included (71.8 / 58.9 kg)."""
    return s_value("Lu-177", sex, target=RED_MARROW, source=TOTAL_BODY_WITH_BLOOD).source_mass_kg


def remainder_mass_kg(total_body_mass_kg: float, region_masses_kg: Mapping[str, float]) -> float:
    """Mass of the rest of the body: total less every named region."""
    rest = total_body_mass_kg - sum(region_masses_kg.values())
    if not rest > 0:
        raise InconsistentCaseError("the regions weigh more than the body", where="masses", remedy="check the masses")
    return rest


def remainder_s_value_gy_per_bq_s(
    s_total_body_gy_per_bq_s: float,
    s_regions_gy_per_bq_s: Mapping[str, float],
    *,
    total_body_mass_kg: float,
    region_masses_kg: Mapping[str, float],
) -> float:
    """S(target ← rest of body) by total-body difference (methods 4.2).

    S = [S(T←TB) m_TB − Σ S(T←h) m_h]/(m_TB − Σ m_h), the regions h including the target itself: activity uniform over
    the whole body is the mass-weighted sum of its parts.
    """
    if set(s_regions_gy_per_bq_s) != set(region_masses_kg):
        raise ValueError("each region needs an S value and a mass")
    rest = remainder_mass_kg(total_body_mass_kg, region_masses_kg)
    parts = sum(s_regions_gy_per_bq_s[name] * mass for name, mass in region_masses_kg.items())
    return (s_total_body_gy_per_bq_s * total_body_mass_kg - parts) / rest


def rest_of_body_s_value(nuclide_name: str, sex: Sex, *, target: str, convention: RestOfBody) -> SValue:
    """S(target ← rest of body without kidneys, liver, spleen and red marrow) by a convention.

    ``icrp-other``: uniform over every other region, mineral bone included (IDAC-Dose; the cautious side).
    ``soft-tissue``: uniform over the other soft tissues only. ``total-body-difference``: from S(target ← total body)
    less its parts, on this same table; agrees with ``icrp-other`` because the table is consistent in itself, while the
    older phantoms of OLINDA 2 give 9.3e-17 instead of 2.4e-16 Gy/(Bq s) for the male red marrow and 177Lu.
    """
    if convention == "icrp-other":
        return s_value(nuclide_name, sex, target=target, source=REST_WITHOUT_ORGANS_AND_MARROW)
    if convention == "soft-tissue":
        return s_value(nuclide_name, sex, target=target, source=SOFT_REST_WITHOUT_ORGANS_AND_MARROW)
    if convention != "total-body-difference":
        raise ValueError(f"unknown rest-of-body convention {convention!r}")
    body = s_value(nuclide_name, sex, target=target, source=TOTAL_BODY)
    parts = {
        region: s_value(nuclide_name, sex, target=target, source=region)
        for region in (KIDNEYS, LIVER, SPLEEN, RED_MARROW)
    }
    masses = {region: part.source_mass_kg for region, part in parts.items()}
    electron, photon = (
        remainder_s_value_gy_per_bq_s(whole, pieces, total_body_mass_kg=body.source_mass_kg, region_masses_kg=masses)
        for whole, pieces in (
            (body.electron_gy_per_bq_s, {region: part.electron_gy_per_bq_s for region, part in parts.items()}),
            (body.photon_gy_per_bq_s, {region: part.photon_gy_per_bq_s for region, part in parts.items()}),
        )
    )
    rest = remainder_mass_kg(body.source_mass_kg, masses)
    return SValue(nuclide_name, sex, target, convention, electron, photon, body.target_mass_kg, rest)
