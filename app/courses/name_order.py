"""Names in the order of the user's language, by the Unicode collation algorithm."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QCollator, QLocale, Qt


class NameOrder:
    """Gives names their places."""

    def __init__(self) -> None:
        locale = QLocale()
        # The C locale orders by code point: Z before a, and Ł behind everything.
        c_locale = locale.language() == QLocale.Language.C
        self._collator = QCollator(QLocale(QLocale.Language.English) if c_locale else locale)
        self._collator.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)

    def key_for(self, names: Iterable[str]) -> Callable[[str], int]:
        """The place of a name among these; equal for names that the language does not tell apart."""
        keys = {name: self._collator.sortKey(name.replace("^", " ")) for name in set(names)}
        places: dict[str, int] = {}
        place, before = -1, None
        for name in sorted(keys, key=lambda name: keys[name]):
            if before is None or keys[before].compare(keys[name]) != 0:
                place += 1
            places[name], before = place, name
        return places.__getitem__
