"""What stored pixel values mean: Bq/mL, counts or counts/s.

Order of decision (methods 1.1): Bq/mL by unit or real-world value mapping; counts; counts/s; else refuse.
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


def _mapping(header: Header) -> ValueScale | None:
    """The real-world value mapping to activity concentration, or None."""
    scales: list[ValueScale] = []
    for item in header.items("RealWorldValueMappingSequence"):
        units = item.first_item("MeasurementUnitsCodeSequence")
        factor = _CONCENTRATION_UNITS.get(units.text("CodeValue")) if units else None
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
                BQ_PER_ML,
                slope * factor,
                intercept * factor,
                float("-inf") if first is None else first,
                float("inf") if last is None else last,
            )
        )
    if len({(s.slope, s.intercept) for s in scales}) > 1:
        raise header.error(
            f"{element_name('RealWorldValueMappingSequence')} maps to Bq/mL in several ways",
            "export with one mapping",
            rule="several-mappings",
        )
    return scales[0] if scales else None


def value_scale(header: Header, *, is_nm: bool, stated_quantity: SpectQuantity | None = None) -> ValueScale:
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
    mapping = _mapping(header)
    if units == "BQML":
        if scale is None:
            raise header.missing("RescaleSlope", "export with the scale of the values", rule="rescale-slope-missing")
        tolerance = _SAME_SLOPE * scale[0]
        if mapping and (abs(mapping.slope - scale[0]) > tolerance or abs(mapping.intercept - scale[1]) > tolerance):
            raise header.error(
                f"rescaling (slope {scale[0]:g}) and real-world value mapping (slope {mapping.slope:g}) contradict "
                "each other",
                "export with one of them",
                rule="mapping-contradicts-rescale",
            )
        return ValueScale(BQ_PER_ML, *scale)
    if mapping:
        return mapping
    quantity = _BY_UNITS.get(units)
    if not units:
        quantity = stated_quantity
    if quantity is None:
        if not units:
            raise header.missing(
                "Units",
                "export with Units (BQML, CNTS or CPS), or say what the values are (image_quantity)",
                rule="units-missing",
            )
        raise header.error(
            f"{element_name('Units')} is {units!r}, from which activity can't be derived",
            "export the image in Bq/mL (BQML), counts (CNTS) or counts/s (CPS)",
            rule="units-unusable",
        )
    if scale is None:
        if not is_nm or quantity == BQ_PER_ML:
            raise header.missing("RescaleSlope", "export with the scale of the values", rule="rescale-slope-missing")
        scale = (1.0, 0.0)
    return ValueScale(quantity, *scale)
