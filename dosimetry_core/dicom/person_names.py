"""Whether two person names can be of one person, as they are written in files of several scanners."""

from __future__ import annotations

import re
import unicodedata

_BETWEEN_WORDS = re.compile(r"[\s^,.'-]+")


def contradict(one: str, other: str) -> bool:
    """Whether two names are of two people: each has a word that the other lacks, in every script they are written in.

    An empty name contradicts nothing. Case, accents, order and punctuation don't matter: scanners change them all.
    """
    groups, others = _groups(one), _groups(other)
    return bool(groups and others) and not any(a <= b or b <= a for a in groups for b in others)


def _groups(name: str) -> list[frozenset[str]]:
    """Words of each way of writing a name: alphabetic, ideographic, phonetic (PS3.5 6.2.1)."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    words = (frozenset(filter(None, _BETWEEN_WORDS.split(group))) for group in plain.split("="))
    return [group for group in words if group]
