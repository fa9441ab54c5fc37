"""The second part of a number trail: from the curve over the S value to absorbed dose and BED."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dosimetry_core.case import Case, RadiobiologySettings
from dosimetry_core.data_tables import data_table_editions
from dosimetry_core.dose.engine import KIDNEY_ROLES, LOCAL_DEPOSITION, ORGAN_LEVEL, SPHERE, role_group
from dosimetry_core.dose.organ_level import PHOTON_MASS_EXPONENT, REGIONS
from dosimetry_core.dose.s_values import s_value
from dosimetry_core.dose.sphere import sphere_s_value
from dosimetry_core.evaluation import CycleResult
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.kinetics.prior import effective_half_life_ln_uncertainty
from dosimetry_core.kinetics.result import FitResult
from dosimetry_core.nuclide import nuclide as nuclide_data
from dosimetry_core.report.trail_row import EXACT, NOT_STATED, NUMBER, S_VALUE, TrailPlace, TrailRow
from dosimetry_core.report.words import in_words, nuclide_symbol
from dosimetry_core.results import VoiResult
from dosimetry_core.uncertainty import S_VALUE_SELF_RELATIVE_UNCERTAINTY
from dosimetry_core.units import (
    GRAM,
    GRAY,
    GRAY_PER_GIGABECQUEREL,
    HOUR,
    JOULE_PER_MEV,
    MEGABECQUEREL_HOUR,
    MILLILITRE,
    PERCENT,
    DisplayUnit,
)

ORGAN_TABLE = "s_values_icrp133.csv"
SPHERE_TABLE = "sphere_soft_tissue.csv"
_DIGEST_SHOWN = 12
_SEXES = {"F": "female", "M": "male"}
_IN_THE_DOSE = "in the dose"
_MEV = DisplayUnit("MeV", JOULE_PER_MEV, 4)
_PHOTON_DIGITS = 6
"""S values by photons are smaller by orders of magnitude."""


@dataclass(frozen=True, eq=False)
class DoseTrail:
    """From the VOI's volume to its dose; ``index`` is the place of the cycle in the course."""

    index: int
    case: Case
    result: CycleResult
    voi: VoiResult

    def rows(self) -> Iterator[TrailRow]:
        """Volume and mass, then nuclide by nuclide the curve, the S value and the dose, then their sum and BED."""
        yield from self._extent()
        for nuclide, fit in self.voi.fits.items():
            yield from self._curve(nuclide, fit)
            if nuclide in self.voi.doses:
                yield from self._s_values(nuclide, fit)
                yield from self._dose(nuclide)
        yield from self._sum()

    def _row(
        self,
        group: str,
        key: str,
        name: str,
        how: str,
        value: float | None = None,
        unit: DisplayUnit = NUMBER,
        *,
        digits: int | None = None,
        text: str = "",
        standard_uncertainty: float | None = None,
        uncertainty_text: str = "",
        path: str = "",
        place: TrailPlace = "dose",
    ) -> TrailRow:
        return TrailRow(
            group=group,
            key=f"{group}, {key}",
            name=name,
            how=how,
            place=place,
            value=value,
            unit=unit,
            digits=digits,
            text=text,
            standard_uncertainty=standard_uncertainty,
            uncertainty_text=uncertainty_text or ("" if text or standard_uncertainty is not None else NOT_STATED),
            path=f"cycles.{self.index}.vois.{self.voi.voi.name}.{path}" if path else "",
        )

    # --- volume and curve -------------------------------------------------------------------------------------------

    def _extent(self) -> Iterator[TrailRow]:
        voi, measurement = self.voi, self.result.measurement
        measured = None if measurement is None else measurement.vois.get(voi.voi.name)
        relative = None if measured is None else measured.volume_relative_standard_uncertainty
        yield self._row(
            "Volume and mass",
            "volume",
            "Volume",
            f"outline ({voi.voi.source})" if voi.voi.source else "outline",
            voi.volume_ml,
            MILLILITRE,
            standard_uncertainty=None if relative is None else relative * voi.volume_ml,
            path="volume_ml",
            place="voi",
        )
        if voi.mass_kg is None:
            return
        group = role_group(voi.role)
        by_ct = group in self.case.settings.density_from_ct
        yield self._row(
            "Volume and mass",
            "density",
            "Density (g/mL)",
            "by the CT, see the remarks" if by_ct else f"settings, for the role {group}",
            voi.density_g_per_ml,
            path="density_g_per_ml",
            place="voi",
        )
        yield self._row(
            "Volume and mass",
            "mass",
            "Mass",
            "volume × density; uncertainty of the outline",
            voi.mass_kg,
            GRAM,
            standard_uncertainty=None if relative is None else relative * voi.mass_kg,
            path="mass_kg",
            place="voi",
        )

    def _curve(self, nuclide: str, fit: FitResult) -> Iterator[TrailRow]:
        symbol = nuclide_symbol(nuclide)
        group, base = f"{symbol} curve", f"fit.{nuclide}"
        if fit.derived_from is None:
            used = int(fit.curve.fitted_times_s.size)
            how = f"{fit.model} through {used} point{'' if used == 1 else 's'}, {fit.weights} weights"
            share = "all time, with what lies before the first and beyond the last point"
            spread = effective_half_life_ln_uncertainty(fit) if fit.single_scan is None else None
        else:
            how = f"from {nuclide_symbol(fit.derived_from)}: same biology, own decay, scaled by the activities given"
            share, spread = "integral of the derived curve; that both share one biology counts", None
        yield self._row(
            group,
            "half-life",
            "Effective half-life",
            how,
            fit.effective_half_life_s,
            HOUR,
            digits=1,
            standard_uncertainty=None if spread is None else spread * fit.effective_half_life_s,
            uncertainty_text="in Ã" if fit.derived_from is not None else "",
            path=f"{base}.effective_half_life_s",
            place="curves",
        )
        yield self._row(
            group,
            "integral",
            "Time-integrated activity Ã",
            share,
            fit.time_integrated_activity_bq_s,
            MEGABECQUEREL_HOUR,
            digits=1,
            standard_uncertainty=fit.time_integrated_activity_standard_uncertainty_bq_s,
            path=f"{base}.time_integrated_activity_bq_s",
            place="curves",
        )

    # --- S values ---------------------------------------------------------------------------------------------------

    def _s_values(self, nuclide: str, fit: FitResult) -> Iterator[TrailRow]:
        """What the engine multiplies the integral by, and where that is from."""
        engine, group = self.voi.engine, f"{nuclide_symbol(nuclide)} S value"
        if engine == ORGAN_LEVEL:
            yield from self._organ_s_value(nuclide, group)
        elif engine == SPHERE:
            yield from self._sphere_s_value(nuclide, group)
        elif engine == LOCAL_DEPOSITION:
            yield self._row(
                group,
                "electron energy",
                "Electron energy per decay",
                f"stays where the decay happened, photons leave; ICRP 107, {edition('physics', 'nuclides.json')}",
                nuclide_data(nuclide).electron_energy_j,
                _MEV,
                uncertainty_text=_IN_THE_DOSE,
            )
        else:
            yield from self._voxel_s_value(nuclide, group)
        own = self.voi.contributions_gy.get("self", FrozenMap[str, float]()).get(nuclide)
        if own is None or not fit.time_integrated_activity_bq_s:
            return
        value = own / fit.time_integrated_activity_bq_s
        how = {
            ORGAN_LEVEL: "S electrons × its scaling + S photons × its scaling",
            SPHERE: "S electrons + S photons",
            LOCAL_DEPOSITION: "electron energy / mass",
        }.get(engine or "", "self dose / Ã")
        yield self._row(
            group,
            "s",
            "S value for this VOI",
            f"{how}; data {PERCENT.text(S_VALUE_SELF_RELATIVE_UNCERTAINTY, digits=0)}",
            value,
            S_VALUE,
            standard_uncertainty=S_VALUE_SELF_RELATIVE_UNCERTAINTY * value,
        )

    def _organ_s_value(self, nuclide: str, group: str) -> Iterator[TrailRow]:
        organ = role_group(self.voi.role)
        region = REGIONS[organ]
        s = s_value(nuclide, self.case.patient.sex, target=region, source=region)
        source = f"ICRP 133, reference {_SEXES[s.sex]}, {organ} from {organ}; {edition('physics', ORGAN_TABLE)}"
        members = [voi for voi in self.result.vois.values() if role_group(voi.role) == organ and voi.mass_kg]
        whole_kg, own_kg = sum(voi.mass_kg or 0.0 for voi in members), self.voi.mass_kg or 0.0
        of_whole = "" if whole_kg == own_kg else f" × {GRAM.text(whole_kg)} / m, with M = {GRAM.text(whole_kg)} of all"
        for part, name, value in (
            ("electron", "S electrons, reference", s.electron_gy_per_bq_s),
            ("photon", "S photons, reference", s.photon_gy_per_bq_s),
        ):
            yield self._row(
                group,
                part,
                name,
                source,
                value,
                S_VALUE,
                digits=_PHOTON_DIGITS if part == "photon" else None,
                standard_uncertainty=S_VALUE_SELF_RELATIVE_UNCERTAINTY * value,
            )
        yield self._row(
            group,
            "reference mass",
            "Reference mass",
            "divides the S values of the same table, blood included",
            s.target_mass_kg,
            GRAM,
            uncertainty_text=EXACT,
        )
        ratio = s.target_mass_kg / whole_kg
        for part, name, law, value in (
            ("electron scaling", "Mass scaling, electrons", "m_ref / M", ratio),
            ("photon scaling", "Mass scaling, photons", "(m_ref / M)^(2/3)", ratio**PHOTON_MASS_EXPONENT),
        ):
            yield self._row(
                group,
                part,
                name,
                law + (of_whole or ", M the mass of the organ"),
                value * whole_kg / own_kg,
                digits=4,
                uncertainty_text=_IN_THE_DOSE,
                place="voi",
            )

    def _sphere_s_value(self, nuclide: str, group: str) -> Iterator[TrailRow]:
        mass_kg, density = self.voi.mass_kg or 0.0, self.voi.density_g_per_ml or 0.0
        s = sphere_s_value(nuclide, mass_kg, density_g_per_ml=density)
        source = (
            f"uniform sphere of this mass and {density:.2f} g/mL, from EGSnrc point kernels; "
            f"{edition('s_values', SPHERE_TABLE)}"
        )
        for part, name, value in (
            ("electron", "S electrons, at this mass", s.electron_gy_per_bq_s),
            ("photon", "S photons, at this mass", s.photon_gy_per_bq_s),
        ):
            yield self._row(
                group,
                part,
                name,
                source,
                value,
                S_VALUE,
                digits=_PHOTON_DIGITS if part == "photon" else None,
                standard_uncertainty=S_VALUE_SELF_RELATIVE_UNCERTAINTY * value,
            )
        yield self._row(
            group,
            "absorbed fraction",
            "Electron energy that stays inside",
            "of the same sphere",
            s.electron_absorbed_fraction,
            PERCENT,
            uncertainty_text=_IN_THE_DOSE,
        )

    def _voxel_s_value(self, nuclide: str, group: str) -> Iterator[TrailRow]:
        numbers = self.voi.voxel_dose
        if numbers is None:
            return
        size = " × ".join(f"{side:.2f}" for side in numbers.voxel_size_mm)
        yield self._row(
            group,
            "method",
            "Method",
            f"kernels at {size} mm, by medium and density of each voxel; {edition('physics', 'nuclides.json')}",
            text="voxel S values",
        )
        yield self._row(
            group,
            "closure",
            "Closure factor of the voxels",
            "brings the sum of the voxels' own curves to Ã of the VOI",
            numbers.closure_factors.get(nuclide),
            digits=4,
            path=f"voxel_dose.closure_factors.{nuclide}",
        )

    # --- doses ------------------------------------------------------------------------------------------------------

    def _dose(self, nuclide: str) -> Iterator[TrailRow]:
        symbol, voi = nuclide_symbol(nuclide), self.voi
        group = f"{symbol} absorbed dose"
        for source, by_nuclide in voi.contributions_gy.items():
            if nuclide not in by_nuclide:
                continue
            own = source == "self"
            yield self._row(
                group,
                source,
                "From its own activity" if own else f"From {in_words(source).lower()}",
                "Ã × S value for this VOI" if own else "Ã of the source × S value of the reference phantom, unscaled",
                by_nuclide[nuclide],
                GRAY,
                digits=4,
                uncertainty_text=_IN_THE_DOSE,
                path=f"contributions.{source}.{nuclide}",
            )
        dose = voi.doses[nuclide]
        yield self._row(
            group,
            "dose",
            f"Absorbed dose by {symbol}",
            "sum of these; all sources of error together",
            dose.absorbed_dose_gy,
            GRAY,
            digits=3,
            standard_uncertainty=dose.standard_uncertainty_gy,
            path=f"absorbed_dose_gy.{nuclide}",
        )
        given = self.result.cycle.administration(nuclide)
        if given is None or not given.administered_activity_bq:
            return
        activity_bq, uncertainty = given.administered_activity_bq, dose.standard_uncertainty_gy
        yield self._row(
            group,
            "per activity",
            "Per administered activity",
            "dose / activity given; that activity counts as known",
            dose.absorbed_dose_gy / activity_bq,
            GRAY_PER_GIGABECQUEREL,
            standard_uncertainty=None if uncertainty is None else uncertainty / activity_bq,
            path=f"absorbed_dose_per_administered_activity_gy_per_bq.{nuclide}",
        )

    def _sum(self) -> Iterator[TrailRow]:
        voi, group = self.voi, "Absorbed dose"
        if voi.total is not None:
            yield self._row(
                group,
                "total",
                "Absorbed dose",
                "sum over the nuclides; what they share adds with its sign",
                voi.total.absorbed_dose_gy,
                GRAY,
                digits=3,
                standard_uncertainty=voi.total.standard_uncertainty_gy,
                path="absorbed_dose_gy.total",
            )
        if voi.bed_gy is not None and voi.role in KIDNEY_ROLES:
            yield from self._bed(voi.bed_gy, self.case.settings.radiobiology)
        if voi.failure:
            yield self._row(group, "failure", "No result", voi.failure, text="–")

    def _bed(self, bed_gy: float, chosen: RadiobiologySettings) -> Iterator[TrailRow]:
        yield self._row(
            "Absorbed dose", "bed", "BED", "D + G D²/(α/β), G by the curves and the repair", bed_gy, GRAY, path="bed_gy"
        )
        for key, name, value, unit in (
            ("alpha beta", "α/β", chosen.kidneys_alpha_beta_gy, GRAY),
            ("repair", "Repair half-time", chosen.kidneys_repair_half_life_s, HOUR),
        ):
            yield self._row("Absorbed dose", key, name, chosen.kidneys_source, value, unit, digits=1)


def edition(folder: str, table: str) -> str:
    """A bundled table with the beginning of its digest."""
    return f"{table}, SHA-256 {data_table_editions()[f'{folder}/{table}'][:_DIGEST_SHOWN]}…"
