"""One attack on a signed plan, and the names of all of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography import x509

from tests.app.signing_examples import trusted

ATTACKS: dict[str, Callable[[], Attack]] = {}
CHANGED: Final = "changed after signing"
PAGES: Final = "pages or signatures are not those"


@dataclass(frozen=True)
class Attack:
    """A file as the victim gets it, whom the victim trusts, and a piece of the reason for refusing it."""

    pdf: bytes
    words: str
    trust: list[Any] = field(default_factory=trusted)
    revoked: tuple[x509.CertificateRevocationList, ...] = ()


def attack(make: Callable[[], Attack]) -> Callable[[], Attack]:
    """Enter an attack under its name."""
    cached = functools.cache(make)
    ATTACKS[make.__name__.replace("_", " ")] = cached
    return cached
