"""The seals of a plan file: byte ranges and containers of its signatures, checked byte by byte."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from app.plans.signature_container import opened, reserved_bytes

MOST_SEALS: Final = 2
_BYTE_RANGE = re.compile(rb"/ByteRange \[0 (\d{1,10}) (\d{1,10}) (\d{1,10})\]")
_CHANGED: Final = "the file was changed after signing"


@dataclass(frozen=True, eq=False)
class Seal:
    """One signature that covers the file up to ``end``, except its own container between ``start`` and ``stop``."""

    start: int
    stop: int
    end: int
    certificate: x509.Certificate
    signature: bytes

    @property
    def byte_range(self) -> tuple[int, int, int, int]:
        """As the PDF states it."""
        return (0, self.start, self.stop, self.end - self.stop)


def seals_of(pdf: bytes) -> tuple[Seal, ...]:
    """One or two seals, the last of which covers the whole file; no byte of the file is outside them.

    Raises
    ------
    ValueError
        With the reason, if that is not so.
    """
    ranges = [tuple(int(number) for number in match) for match in _BYTE_RANGE.findall(pdf)]
    if not 1 <= len(ranges) <= MOST_SEALS:
        raise ValueError("it has no signature" if not ranges else "it has more signatures than a plan can have")
    # The last first: it covers the whole file and so finds any change.
    found = [_seal(pdf, start, stop, stop + rest) for start, stop, rest in reversed(ranges)]
    if found[0].end != len(pdf):
        raise ValueError("something was added after signing")
    if len(found) == MOST_SEALS and found[1].end > found[0].start:
        raise ValueError(_CHANGED)
    return tuple(reversed(found))


def _seal(pdf: bytes, start: int, stop: int, end: int) -> Seal:
    if not 0 < start < stop - 1 < stop < end <= len(pdf):
        raise ValueError(_CHANGED)
    framed = pdf[start:stop]
    digest = hashlib.sha256(pdf[:start])
    digest.update(pdf[stop:end])
    try:
        container = bytes.fromhex(framed[1:-1].decode("ascii"))
    except (UnicodeDecodeError, ValueError) as error:
        raise ValueError(_CHANGED) from error
    certificate, signature = opened(container, digest.digest())
    # Hexadecimal in capitals, no blanks, and no other length than the certificate needs.
    if framed != b"<" + container.hex().upper().encode("ascii") + b">" or len(container) != reserved_bytes(certificate):
        raise ValueError(_CHANGED)
    return Seal(start, stop, end, certificate, signature)
