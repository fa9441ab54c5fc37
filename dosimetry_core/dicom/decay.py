"""To which instant an image is decay-corrected: what its header says, and whether all it says agrees.

A header says it three times: Decay Correction, DECY in Corrected Image, and the Decay Factor. Where they contradict
each other, or say nothing, the user is asked (``image_decay_reference`` in the case file); nothing is assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from dosimetry_core.dicom.header import Header, element_name
from dosimetry_core.dicom.values import BQ_PER_ML, SpectQuantity
from dosimetry_core.errors import DicomReadError, Finding
from dosimetry_core.image import DecayReference
from dosimetry_core.nuclide import LU177, Y90, nuclide

ASK = (
    "look up in the reconstruction to what the values are corrected, and say it in the case file: "
    'image_decay_reference = "acquisition-start", "administration" or "none" under [cycle.calibration]'
)
"""The question that a contradictory header raises."""
_ASK_WHEN = (
    "the image is decay-corrected to the administration: export with its date and time, or corrected to START; or, if "
    'it is that of the case file, say image_decay_reference = "administration" under [cycle.calibration]'
)
_KNOWN: dict[str, DecayReference] = {"NONE": "none", "START": "acquisition-start", "ADMIN": "administration"}
# Factors are computed from half-lives that differ by up to 1 % and printed with four digits.
_SAME_FACTOR = 0.002
_HALF_LIFE_DOUBT = 0.01


def decay_reference(
    header: Header, quantity: SpectQuantity, stated: DecayReference | None = None
) -> tuple[DecayReference, tuple[Finding, ...]]:
    """Instant to which the values are decay-corrected, by Decay Correction and Corrected Image.

    Parameters
    ----------
    stated
        What the user says; followed only where the file contradicts itself or says nothing.

    Raises
    ------
    DicomReadError
        If the file contradicts itself, if an image in Bq/mL doesn't say, or if counts are decay-corrected.
    """
    said = header.text("DecayCorrection").upper()
    corrections = {part.upper() for part in header.texts("CorrectedImage")}
    listed = "DECY" in corrections
    contradictory = bool(said) and (
        (said == "NONE" and listed) or (said != "NONE" and bool(corrections) and not listed)
    )
    if quantity != BQ_PER_ML:
        if listed or said not in ("", "NONE"):
            what = "these counts are decay-corrected"
            raise header.error(what, "reconstruct them without decay correction", rule="counts-decay-corrected")
        return "none", ()
    if said in _KNOWN and not contradictory:
        return _KNOWN[said], ()
    if not said:
        error = header.missing("DecayCorrection", ASK, rule="decay-reference-missing")
    elif contradictory:
        what = (
            f"{element_name('DecayCorrection')} is {said}, but {element_name('CorrectedImage')} "
            f"{'lists' if listed else 'does not list'} decay correction (DECY)"
        )
        error = header.error(what, ASK, rule="decay-reference-contradictory")
    else:
        error = header.error(f"{element_name('DecayCorrection')} is {said!r}", ASK, rule="decay-reference-unknown")
    return _as_stated(error, stated)


def _as_stated(error: DicomReadError, stated: DecayReference | None) -> tuple[DecayReference, tuple[Finding, ...]]:
    """The user's answer to the question that an error is, with a remark; without one the error is raised."""
    if stated is None:
        raise error
    text = f"{error.what}; the case file says that the values are {_in_words(stated)}, which was followed"
    return stated, (Finding("decay-reference-entered", "warning", text, error.where),)


def of_unknown_administration(
    header: Header, stated: DecayReference | None
) -> tuple[DecayReference, tuple[Finding, ...]]:
    """The reference of values corrected to an administration of which the file has no date or time, by the user's word.

    Raises
    ------
    DicomReadError
        Unless the user says that they are corrected to the administration of the case. That they are corrected to
        another instant is no answer: the file is clear about that.
    """
    error = header.missing("RadiopharmaceuticalStartDateTime", _ASK_WHEN, rule="administration-time-missing")
    return _as_stated(error, stated if stated == "administration" else None)


def _in_words(reference: DecayReference) -> str:
    return {
        "none": "not decay-corrected",
        "acquisition-start": "corrected to the start of the scan",
        "administration": "corrected to the administration",
    }[reference]


def with_checked_factor(
    reference: DecayReference,
    slices: Sequence[tuple[Header, datetime]],
    *,
    nuclide_name: str | None,
    duration_s: float | None,
    administered: datetime | None,
    stated: DecayReference | None = None,
) -> tuple[DecayReference, tuple[Finding, ...]]:
    """The reference, if the Decay Factors of all slices agree with it.

    Parameters
    ----------
    slices
        Header and start of the acquisition of each slice (or of the one file).
    duration_s
        How long each of them was counted, where the file says.
    administered
        Start of the administration, where the file says.

    Raises
    ------
    DicomReadError
        If a factor doesn't fit the reference, and the user didn't say which one is right.

    Notes
    -----
    With the decay constant λ, start t and duration T of a slice, the factor is m = λT/(1 − e^(−λT)) for values
    corrected to the start of this slice's acquisition, m·e^(λ(t − t₀)) for the start t₀ of the first one,
    m·e^(λ(t − a)) for the administration a, and 1 for uncorrected ones (PS3.3 C.8.9.4.1.7). Where two
    references differ by less than 0.2 % the factor can't tell them apart, nor does it matter. Where the file doesn't
    say which nuclide it shows, the factor has to fit one of the therapy.
    """
    named = (LU177, Y90) if nuclide_name is None else (nuclide_name,)
    errors = []
    for name in named:
        if name not in (LU177, Y90):
            return reference, ()
        error = _contradiction(reference, slices, nuclide(name).decay_constant_per_s, duration_s, administered)
        if error is None:
            return reference, ()
        errors.append(error)
    return _as_stated(errors[0], stated)


def _contradiction(
    reference: DecayReference,
    slices: Sequence[tuple[Header, datetime]],
    decay_constant_per_s: float,
    duration_s: float | None,
    administered: datetime | None,
) -> DicomReadError | None:
    """What is wrong with the first factor that doesn't fit; None if all do, or none is stated."""
    first = min(start for _, start in slices)
    for header, start in slices:
        factor = header.number("DecayFactor")
        if factor is None:
            continue
        while_counting = 1.0
        if duration_s:
            while_counting = decay_constant_per_s * duration_s / -math.expm1(-decay_constant_per_s * duration_s)
        since_first = math.exp(decay_constant_per_s * (start - first).total_seconds())
        expected: dict[DecayReference, float] = {
            "none": 1.0,
            "acquisition-start": while_counting * since_first,
        }
        if administered is not None:
            elapsed_s = (start - administered).total_seconds()
            expected["administration"] = while_counting * math.exp(decay_constant_per_s * elapsed_s)
        if reference not in expected or _is_about(factor, expected[reference]):
            continue
        others = [_in_words(other) for other, value in expected.items() if _is_about(factor, value)]
        fits = f"fits values {' or '.join(others)}" if others else "fits no other reference either"
        what = (
            f"{element_name('DecayFactor')} is {factor:g}, but values {_in_words(reference)}, as "
            f"{element_name('DecayCorrection')} says, have {expected[reference]:.5g}; it {fits}"
        )
        return header.error(what, ASK, rule="decay-factor-contradictory")
    return None


def _is_about(factor: float, expected: float) -> bool:
    if factor <= 0:
        return False
    return abs(math.log(factor / expected)) <= _SAME_FACTOR + _HALF_LIFE_DOUBT * abs(math.log(expected))
