"""How long the camera counted, which corrections were applied, and the identity of a series."""

from __future__ import annotations

from dataclasses import dataclass

from dosimetry_core.dicom.header import Header, element_name
from dosimetry_core.errors import Finding
from dosimetry_core.units import MILLISECONDS_PER_SECOND

_FULL_CIRCLE_DEG = 360.0


@dataclass(frozen=True)
class CountingTime:
    """Clock time of counting and what it was derived from; None where the file doesn't say."""

    counting_duration_s: float | None = None
    frame_duration_s: float | None = None
    frames_per_head: int | None = None
    number_of_heads: int | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Identity:
    """Whose image it is and which."""

    patient_id: str
    patient_name: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    description: str
    manufacturer: str
    sop_class_uid: str


def identity(header: Header) -> Identity:
    """Identity of the series that a header belongs to.

    Raises
    ------
    DicomReadError
        If study, series or frame of reference are missing.
    """
    maker = " ".join(part for part in (header.text("Manufacturer"), header.text("ManufacturerModelName")) if part)
    return Identity(
        header.text("PatientID"),
        header.text("PatientName"),
        header.required_text("StudyInstanceUID", rule="identity-missing"),
        header.required_text("SeriesInstanceUID", rule="identity-missing"),
        header.required_text(
            "FrameOfReferenceUID", "export it with its frame of reference", rule="frame-of-reference-missing"
        ),
        header.text("SeriesDescription"),
        maker,
        header.text("SOPClassUID"),
    )


def counting_time(header: Header) -> CountingTime:
    """Clock time of counting: frame duration × frames in rotation, per head (methods 1.3).

    Notes
    -----
    Some cameras list the frames of all heads together, which would multiply the duration by the number of heads. Arc
    and angular step tell: frames × step equals the arc if the frames are those of one head, and heads × arc if they
    are those of all.
    """
    heads = header.integer("NumberOfDetectors")
    rotations = header.items("RotationInformationSequence")
    if not rotations:
        milliseconds = header.number("ActualFrameDuration")
        if not milliseconds:
            return CountingTime(number_of_heads=heads)
        duration = milliseconds / MILLISECONDS_PER_SECOND
        if "RECON TOMO" in header.texts("ImageType"):
            return _of_unknown_meaning(header, duration, heads)
        return CountingTime(duration, duration, 1, heads, (_shown(header, duration, f"one frame of {duration:g} s"),))
    durations, frames = [], []
    for rotation in rotations:
        milliseconds, number = rotation.number("ActualFrameDuration"), rotation.integer("NumberOfFramesInRotation")
        if milliseconds is None or number is None:
            return CountingTime(number_of_heads=heads)
        if milliseconds <= 0 or number <= 0:
            what = f"counts {number} frames of {milliseconds:g} ms in a rotation"
            raise header.error(what, rule="frame-duration-not-positive")
        durations.append(milliseconds / MILLISECONDS_PER_SECOND)
        frames.append(number)
    if len(set(durations)) > 1:
        what = "its rotations have different frame durations"
        raise header.error(what, "export one image per rotation", rule="rotations-differ")
    total, frame_duration = sum(frames), durations[0]
    findings: list[Finding] = []
    arc, step = rotations[0].number("ScanArc"), rotations[0].number("AngularStep")
    if heads is not None and heads > 1 and arc and step:
        step = abs(step)
        covered = frames[0] * step
        if abs(covered - heads * arc) <= step < arc:
            listed, total = total, total // heads
            text = (
                f"{listed} frames × {step:g}° are {heads} times the arc of {arc:g}°: the frames of {heads} heads are "
                f"listed together; counting time taken as {total * frame_duration:g} s ({total} frames × "
                f"{frame_duration:g} s), not {listed * frame_duration:g} s"
            )
            findings.append(Finding("frames-of-all-heads", "warning", text, header.where))
        elif abs(covered - arc) <= step and abs(arc - _FULL_CIRCLE_DEG) <= step:
            text = (
                f"counting time taken as {total * frame_duration:g} s ({total} frames × {frame_duration:g} s); if "
                f"these are the frames of {heads} heads together it is {total * frame_duration / heads:g} s"
            )
            findings.append(Finding("frames-per-head-ambiguous", "warning", text, header.where))
        elif abs(covered - arc) > step:
            text = f"{total} frames × {step:g}° don't make the arc of {arc:g}°; check the counting time"
            findings.append(Finding("frames-and-arc-differ", "warning", text, header.where))
    duration = total * frame_duration
    shown = f"{total} frames × {frame_duration:g} s" + (f", {heads} heads" if heads else "")
    findings.append(_shown(header, duration, shown))
    return CountingTime(duration, frame_duration, total, heads, tuple(findings))


def _of_unknown_meaning(header: Header, duration_s: float, heads: int | None) -> CountingTime:
    """A frame duration outside the rotation: of the whole scan, or of one projection; with their number, the latter."""
    number = header.integer("NumberOfFramesInRotation")
    if number:
        total_s = number * duration_s
        finding = _shown(header, total_s, f"{number} frames × {duration_s:g} s")
        return CountingTime(total_s, duration_s, number, heads, (finding,))
    text = (
        f"{element_name('ActualFrameDuration')} of {duration_s:g} s stands outside the rotation information; the file "
        "doesn't say whether it is that of the whole scan or of one projection, so it is not used"
    )
    return CountingTime(
        number_of_heads=heads, findings=(Finding("counting-duration-ambiguous", "warning", text, header.where),)
    )


def _shown(header: Header, duration_s: float, how: str) -> Finding:
    return Finding("counting-duration", "info", f"counting time {duration_s:g} s ({how})", header.where)


def correction_findings(header: Header) -> tuple[Finding, ...]:
    """Doubts about the corrections that activity quantification presupposes."""
    listed = {part.upper() for part in header.texts("CorrectedImage")}
    if not listed:
        text = f"{element_name('CorrectedImage')} doesn't say which corrections were applied"
        return (Finding("corrections-unknown", "info", text, header.where),)
    findings = [
        Finding("correction-missing", "warning", f"not corrected for {name}, says the file", header.where)
        for code, name in (("ATTN", "attenuation"), ("SCAT", "scatter"))
        if code not in listed
    ]
    if "DTIM" in listed:
        text = "already corrected for dead time, says the file; a dead time in the calibration would correct it twice"
        findings.append(Finding("dead-time-corrected", "info", text, header.where))
    return tuple(findings)
