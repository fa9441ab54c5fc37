"""What stored pixel values mean: Bq/mL, counts or counts/s.

Order of decision (methods 1.1): Bq/mL by unit or real-world value mapping; counts; counts/s; else refuse. A rate may be
per clock second or per frame second, of all heads or of one, which no element says: it is taken only where the user
says that it is a rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from dosimetry_core.dicom.header import Header, element_name
from dosimetry_core.units import BQ_PER_MBQ, KILOBECQUEREL_PER_ML

SpectQuantity = Literal["activity_concentration_bq_per_ml", "counts", "counts_per_s"]

BQ_PER_ML: Final = "activity_concentration_bq_per_ml"
_BY_UNITS: dict[str, SpectQuantity] = {"BQML": BQ_PER_ML, "CNTS": "counts", "CPS": "counts_per_s"}
# UCUM codes of activity concentration met in real-world value mappings, with Bq/mL per unit.
_CONCENTRATION_UNITS = {
    "Bq/ml": 1.0,
    "Bq/mL": 1.0,
    "kBq/ml": KILOBECQUEREL_PER_ML.to_core(1.0),
    "kBq/mL": KILOBECQUEREL_PER_ML.to_core(1.0),
    "MBq/ml": BQ_PER_MBQ,
    "MBq/mL": BQ_PER_MBQ,
}
# UCUM codes of counts in such mappings (PS3.16, context group 84).
_COUNT_UNITS: dict[str, SpectQuantity] = {"{counts}": "counts", "{counts}/s": "counts_per_s"}
# What says nothing of the values: no unit at all, and UCUM's "no units".
_NO_UNITS = ("", "1")
_IN_WORDS: dict[SpectQuantity, str] = {BQ_PER_ML: "Bq/mL", "counts": "counts", "counts_per_s": "counts/s"}
# Slopes printed twice with seven digits agree to this.
_SAME_SLOPE = 1e-4


@dataclass(frozen=True)
class ValueScale:
    """Real value = slope × stored value + intercept, and the stored values for which that holds."""

    quantity: SpectQuantity
    slope: float
    intercept: float
    first_stored: float = float("-inf")
    last_stored: float = float("inf")


def rescale(header: Header) -> tuple[float, float] | None:
    """Rescale slope and intercept, or None if the file has no slope. The slope is positive."""
    slope, intercept = header.number("RescaleSlope"), header.number("RescaleIntercept")
    if slope is None:
        return None
    if slope <= 0:
        raise header.error(f"{element_name('RescaleSlope')} is {slope:g}", rule="rescale-slope-not-positive")
    return slope, intercept or 0.0


def _mappings(header: Header) -> list[ValueScale]:
    """The real-world value mappings to activity concentration, counts or counts/s; of one quantity no two."""
    scales: list[ValueScale] = []
    for item in header.items("RealWorldValueMappingSequence"):
        units = item.first_item("MeasurementUnitsCodeSequence")
        code = units.text("CodeValue") if units else ""
        factor = _CONCENTRATION_UNITS.get(code, 1.0 if code in _COUNT_UNITS else None)
        if factor is None:
            continue
        slope, intercept = item.number("RealWorldValueSlope"), item.number("RealWorldValueIntercept")
        if slope is None or slope <= 0 or intercept is None:
            what = f"{element_name('RealWorldValueSlope')} or intercept is missing or not positive"
            raise item.error(what, rule="mapping-incomplete")
        first, last = (
            item.number("RealWorldValueFirstValueMapped"),
            item.number("RealWorldValueLastValueMapped"),
        )
        scales.append(
            ValueScale(
                _COUNT_UNITS.get(code, BQ_PER_ML),
                slope * factor,
                intercept * factor,
                float("-inf") if first is None else first,
                float("inf") if last is None else last,
            )
        )
    for quantity in {scale.quantity for scale in scales}:
        if len({(s.slope, s.intercept) for s in scales if s.quantity == quantity}) > 1:
            words = _IN_WORDS[quantity]
            raise header.error(
                f"{element_name('RealWorldValueMappingSequence')} maps to {words} in several ways",
                "export with one mapping",
                rule="several-mappings",
            )
    return scales


def _other_mapped_units(header: Header) -> list[str]:
    """Units to which the file maps its values that are no activity concentration, counts or counts/s."""
    codes = set()
    for item in header.items("RealWorldValueMappingSequence"):
        units = item.first_item("MeasurementUnitsCodeSequence")
        codes.add(units.text("CodeValue") if units else "")
    return sorted(codes - {*_CONCENTRATION_UNITS, *_COUNT_UNITS, *_NO_UNITS})


def _agreeing(header: Header, mapping: ValueScale, scale: tuple[float, float] | None) -> None:
    """Refuse a mapping and a rescaling of one quantity that say different things."""
    if scale is None:
        return
    tolerance = _SAME_SLOPE * scale[0]
    if abs(mapping.slope - scale[0]) > tolerance or abs(mapping.intercept - scale[1]) > tolerance:
        raise header.error(
            f"rescaling (slope {scale[0]:g}) and real-world value mapping (slope {mapping.slope:g}) contradict "
            "each other",
            "export with one of them",
            rule="mapping-contradicts-rescale",
        )


def value_scale(header: Header, *, is_nm: bool, stated_quantity: SpectQuantity | None = None) -> ValueScale:
    """Meaning of a SPECT image's stored values; parameters and errors as `_said_scale`, and count rates are refused.

    Raises
    ------
    DicomReadError
        If the values are count rates, unless ``stated_quantity`` says so, too.
    """
    scale = _said_scale(header, is_nm=is_nm, stated_quantity=stated_quantity)
    if scale.quantity == "counts_per_s" and stated_quantity != "counts_per_s":
        raise header.error(
            "is in counts/s, and no element says of which seconds and heads",
            "export it in counts or Bq/mL; or make sure that it is per clock second of all heads, and say "
            'image_quantity = "counts_per_s" under [cycle.calibration]',
            rule="count-rate",
        )
    return scale


def _said_scale(header: Header, *, is_nm: bool, stated_quantity: SpectQuantity | None) -> ValueScale:
    """Meaning of a SPECT image's stored values.

    Parameters
    ----------
    is_nm
        Whether the image is of the NM class, which has no rescaling unless it says so.
    stated_quantity
        What the user says the values are; followed only where the file says nothing.

    Raises
    ------
    DicomReadError
        If the unit is missing, unusable or contradictory.
    """
    units = header.text("Units").upper()
    scale = rescale(header)
    mappings = {one.quantity: one for one in _mappings(header)}
    mapping = mappings.get(BQ_PER_ML)
    if units == "BQML":
        if scale is None:
            raise header.missing("RescaleSlope", "export with the scale of the values", rule="rescale-slope-missing")
        if mapping:
            _agreeing(header, mapping, scale)
        return ValueScale(BQ_PER_ML, *scale)
    if mapping:
        return mapping
    quantity = _BY_UNITS.get(units)
    if not units and len(mappings) > 1:
        raise header.error(
            f"{element_name('RealWorldValueMappingSequence')} maps to counts and to counts/s",
            "export with one mapping",
            rule="several-mappings",
        )
    if not units:
        quantity = next(iter(mappings), stated_quantity)
    if quantity is not None and quantity in mappings:
        _agreeing(header, mappings[quantity], scale)
        return mappings[quantity]
    if quantity is not None and mappings:
        (mapped,) = mappings
        raise header.error(
            f"{element_name('Units')} is {units!r}, but its real-world values are {_IN_WORDS[mapped]}",
            "export with one of them",
            rule="mapping-contradicts-rescale",
        )
    if not units and not mappings and (others := _other_mapped_units(header)):
        raise header.error(
            f"{element_name('RealWorldValueMappingSequence')} maps to {' and '.join(others)}, from which activity "
            "can't be derived",
            "export the image in Bq/mL (BQML) or counts (CNTS)",
            rule="units-unusable",
        )
    if quantity is None:
        if not units:
            raise header.missing(
                "Units",
                "export with Units (BQML or CNTS), or say what the values are (image_quantity)",
                rule="units-missing",
            )
        raise header.error(
            f"{element_name('Units')} is {units!r}, from which activity can't be derived",
            "export the image in Bq/mL (BQML) or counts (CNTS)",
            rule="units-unusable",
        )
    if scale is None:
        if not is_nm or quantity == BQ_PER_ML:
            raise header.missing("RescaleSlope", "export with the scale of the values", rule="rescale-slope-missing")
        scale = (1.0, 0.0)
    return ValueScale(quantity, *scale)
