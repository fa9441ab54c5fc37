"""How the images of a cycle were acquired and reconstructed, as their files say: what somebody needs to repeat them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from dosimetry_core.nuclide import Y90
from dosimetry_core.report.words import text_of
from dosimetry_core.treatment_report.language import Language
from dosimetry_core.units import MICROSECOND, SECOND

_ATTENUATION, _SCATTER, _DEAD_TIME = "ATTN", "SCAT", "DTIM"


def acquisitions(cycle: Mapping[str, Any], settings: Mapping[str, Any], language: Language) -> list[dict[str, Any]]:
    """Facts of the scans of a cycle, each with one line, or with one for each value and the scans that have it.

    Parameters
    ----------
    cycle
        Of results.json.
    settings
        Of results.json: the calibration says which dead time was corrected here.
    """
    told: dict[str, dict[str, list[int]]] = {}
    points = cycle.get("time_points", ())
    for number, point in enumerate(points, 1):
        for name, value in _facts(point, _calibration(cycle, settings), language):
            told.setdefault(name, {}).setdefault(value, []).append(number)
    calibrated = [{"name": language.text("Calibration"), "stated": [_calibrated(cycle, settings, language)]}]
    return (calibrated if points else []) + [
        {
            "name": name,
            "stated": [
                value if len(scans) == len(points) else f"{_scans(scans, language)}: {value}"
                for value, scans in values.items()
            ],
        }
        for name, values in told.items()
    ]


def _calibration(cycle: Mapping[str, Any], settings: Mapping[str, Any]) -> Mapping[str, Any]:
    calibrations: Mapping[str, Any] = settings.get("calibration") or {}
    return calibrations.get(f"cycle_{cycle['number']}") or {}


def _calibrated(cycle: Mapping[str, Any], settings: Mapping[str, Any], language: Language) -> str:
    """When the sensitivity was measured and how long it is valid; its value stands under the settings."""
    calibration = _calibration(cycle, settings)
    beside = calibration.get("sensitivity_with_yttrium_90_cps_per_bq") is not None and any(
        given["nuclide"] == Y90 for given in cycle.get("administrations", ())
    )
    days = [
        (calibration.get(f"with_yttrium_90_{key}") if beside else None) or calibration.get(key)
        for key in ("measured_on", "valid_until")
    ]
    measured, valid = (None if day is None else language.date(date.fromisoformat(str(day))) for day in days)
    parts = [
        language.text("calibration date not stated") if measured is None else language.text("measured on %1", measured)
    ]
    if valid is not None:
        parts.append(language.text("valid until %1", valid))
    return ", ".join(parts)


def _scans(numbers: Sequence[int], language: Language) -> str:
    listed = ", ".join(map(str, numbers))
    return language.text("Scan %1", listed) if len(numbers) == 1 else language.text("Scans %1", listed)


def _facts(point: Mapping[str, Any], calibration: Mapping[str, Any], language: Language) -> list[tuple[str, str]]:
    spect, ct = point.get("spect") or {}, point.get("ct") or {}
    record = spect.get("acquisition")
    if record is None:
        earlier = language.text("not kept in these results; their images were read by an earlier version")
        return [(language.text("Acquisition"), earlier)]
    silent = language.text("not stated")

    def said(*parts: Any) -> str:
        return ", ".join(str(part) for part in parts if part) or silent

    return [
        (language.text("Camera"), said(spect.get("manufacturer"), record.get("station"))),
        (language.text("Collimator"), said(record.get("collimator"))),
        (language.text("Energy windows"), language.number("; ".join(record.get("energy_windows") or ())) or silent),
        (language.text("Views"), _views(spect, record, language)),
        (language.text("Reconstruction"), said(record.get("reconstruction"))),
        (language.text("Filter"), said(record.get("reconstruction_filter"))),
        (
            language.text("Attenuation correction"),
            _correction(record, _ATTENUATION, record.get("attenuation_method"), language),
        ),
        (language.text("Scatter correction"), _correction(record, _SCATTER, record.get("scatter_method"), language)),
        (language.text("Dead-time correction"), _dead_time(record, calibration, language)),
        (language.text("CT"), _ct(ct, language)),
    ]


def _views(spect: Mapping[str, Any], record: Mapping[str, Any], language: Language) -> str:
    heads, frames, each = (spect.get(key) for key in ("number_of_heads", "frames_per_head", "frame_duration_s"))
    parts = []
    if heads:
        parts.append(language.text("heads: %1", str(heads)))
    if frames and each:
        parts.append(
            language.text("for each head %1 views of %2 s", str(frames), language.number(f"{SECOND.from_core(each):g}"))
        )
    if record.get("scan_arc_deg"):
        parts.append(language.text("arc %1", language.number(f"{record['scan_arc_deg']:g}°")))
    if record.get("detector_motion"):
        parts.append(str(record["detector_motion"]))
    return "; ".join(parts) or language.text("not stated")


def _correction(record: Mapping[str, Any], code: str, method: str | None, language: Language) -> str:
    """Whether the file says that the camera corrected for something, and how."""
    if code in (record.get("corrections") or ()):
        return method or language.text("applied, method not stated")
    if record.get("corrections_listed"):
        return language.text("not applied, says the file")
    return method or language.text("not stated")


def _dead_time(record: Mapping[str, Any], calibration: Mapping[str, Any], language: Language) -> str:
    said = _correction(record, _DEAD_TIME, None, language)
    seconds, model = calibration.get("dead_time_s"), str(calibration.get("dead_time_model") or "")
    if not seconds:
        return said
    here = ", ".join(part for part in (f"{text_of(MICROSECOND, seconds, digits=2)} µs", language.shown(model)) if part)
    return language.text("by the camera: %1; here: %2", said, language.number(here))


def _ct(ct: Mapping[str, Any], language: Language) -> str:
    if not ct:
        return language.text("none")
    record, voltage, spacing = ct.get("acquisition") or {}, ct.get("tube_voltage_kv"), ct.get("spacing_mm")
    parts = [str(ct["manufacturer"])] if ct.get("manufacturer") else []
    parts.append(f"{voltage:g} kV" if voltage else language.text("tube voltage not stated"))
    parts.append(record.get("reconstruction_filter") or language.text("filter not stated"))
    if spacing:
        parts.append(language.number(" × ".join(f"{v:g}" for v in reversed(spacing)) + " mm"))
    return ", ".join(parts)
