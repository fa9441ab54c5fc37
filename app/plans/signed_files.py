"""A file that holds a signed plan is never replaced by another one."""

from __future__ import annotations

from pathlib import Path

from dosimetry_core.errors import InconsistentCaseError


def require_no_other_signed_plan(target: Path, content: bytes = b"") -> None:
    """Refuse to write over a signed plan; what only adds a signature to it may take its place.

    Parameters
    ----------
    target
        Where something is to be written.
    content
        What, if it is known already.

    Raises
    ------
    InconsistentCaseError
        If a signed plan is there.
    """
    try:
        present = target.read_bytes()
    except OSError:
        return  # nothing there, or nothing that can be read: writing it says what is wrong
    if content.startswith(present) or not _is_signed(present):
        return
    raise InconsistentCaseError(
        "holds a signed plan, which is not replaced",
        where=str(target),
        remedy="name another file or folder; the new plan is a revision beside it",
    )


def _is_signed(content: bytes) -> bool:
    from app.plans.sealed_file import seals_of

    try:
        return bool(seals_of(content))
    except ValueError:
        # Not a file with a seal that can be read; a signature that was spoiled is still no reason to write over it.
        return b"/ByteRange" in content
