"""The elements of one DICOM file, read so that every fault names the file and the element."""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.datadict import dictionary_description, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from dosimetry_core.errors import DicomReadError

EXPORT_AGAIN = "export the series again from the scanner or the archive"


# Value representations of plain text in the default character set (PS3.5 6.2), and of binary numbers.
_PLAIN_TEXT = frozenset(("CS", "UI", "DA", "TM", "DT", "AS"))
# Those of text in the file's character set, which is ASCII below 128 in all of them but that of Japanese katakana.
_WRITTEN_TEXT = frozenset(("LO", "SH", "PN"))
_NOT_ASCII = "IR 13"
_NEEDS_DECODING = (b"\x1b", b"\\")
_DECIMAL_TEXT = frozenset(("DS", "IS"))
_UNREADABLE = "element-unreadable"
# Escape sequences that designate a character set (PS3.3 C.12.1.1.2); pydicom leaves that of GB 2312 in the text.
_DESIGNATION = re.compile(r"\x1b(?:\$?[()][A-Z]|\$[@A-Z])")
_BINARY = {"US": "u2", "SS": "i2", "UL": "u4", "SL": "i4", "FL": "f4", "FD": "f8"}


@functools.cache
def _tag(keyword: str) -> BaseTag:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword} is no DICOM keyword")
    return BaseTag(tag)


def element_name(keyword: str) -> str:
    """An element as a physicist looks it up: ``"Units (0054,1001)"``."""
    tag = _tag(keyword)
    return f"{dictionary_description(tag)} ({tag >> 16:04X},{tag & 0xFFFF:04X})"


class Header:
    """Elements of one dataset or sequence item.

    Parameters
    ----------
    dataset
        The dataset or item.
    where
        File that errors name.

    Notes
    -----
    An element that is absent and one that is empty are the same: the file doesn't say.

    Plain text and numbers are taken from the stored bytes: a study has tens of thousands of them, and pydicom's
    conversion would take most of the time of opening it.
    """

    def __init__(self, dataset: Dataset, where: str) -> None:
        self.dataset = dataset
        self.where = where
        self._texts: dict[str, str] = {}

    def error(self, what: str, remedy: str = EXPORT_AGAIN, *, rule: str = "", where: str = "") -> DicomReadError:
        """An error of this file, to be raised; ``where`` names another place than the file itself."""
        return DicomReadError(what, where=where or self.where, remedy=remedy, rule=rule)

    def missing(self, keyword: str, remedy: str = EXPORT_AGAIN, *, rule: str = "element-missing") -> DicomReadError:
        """The error that an element is missing."""
        return self.error(f"{element_name(keyword)} is missing", remedy, rule=rule)

    def _value(self, keyword: str) -> Any:
        try:
            tag = _tag(keyword)
            value = self.dataset[tag].value if tag in self.dataset else None
        except Exception as error:  # pydicom raises many kinds on damaged values (reliability.md B6)
            raise self.error(f"{element_name(keyword)} can't be read ({error})", rule=_UNREADABLE) from error
        if value is None or (isinstance(value, str | bytes | memoryview | MultiValue | list) and len(value) == 0):
            return None
        return value

    def _stored(self, keyword: str) -> RawDataElement | None:
        """The element as stored, if it hasn't been converted and its representation is known."""
        try:
            element = self.dataset.get_item(_tag(keyword))
        except Exception as error:  # it converts elements without a length, and then as any value
            raise self.error(f"{element_name(keyword)} can't be read ({error})", rule=_UNREADABLE) from error
        if isinstance(element, RawDataElement) and element.VR is not None and isinstance(element.value, bytes):
            return element
        return None

    def has(self, keyword: str) -> bool:
        """Whether the file says something under this keyword."""
        return self._value(keyword) is not None

    def text(self, keyword: str) -> str:
        """Value as text without surrounding spaces, several values joined by a backslash; empty if not said."""
        known = self._texts.get(keyword)
        if known is None:
            known = self._texts[keyword] = self._text(keyword)
        return known

    def _text(self, keyword: str) -> str:
        stored = self._stored(keyword)
        if stored is not None and stored.value is not None and stored.value.isascii() and self._is_plain(stored):
            return stored.value.decode("ascii").strip(" \0\t\r\n")
        value = self._value(keyword)
        if value is None:
            return ""
        if isinstance(value, Sequence | Dataset):  # to put it into words would read the damage in it
            raise self.error(f"{element_name(keyword)} is a sequence", rule=_UNREADABLE)
        if isinstance(value, MultiValue | list):
            return _DESIGNATION.sub("", "\\".join(str(item) for item in value)).strip()
        return _DESIGNATION.sub("", str(value)).strip(" \0\t\r\n")

    def _is_plain(self, stored: RawDataElement) -> bool:
        """Whether ASCII bytes of an element are its text."""
        if stored.VR in _PLAIN_TEXT:
            return True
        return (
            stored.VR in _WRITTEN_TEXT
            and not any(mark in (stored.value or b"") for mark in _NEEDS_DECODING)
            and _NOT_ASCII not in self.text("SpecificCharacterSet")
        )

    def texts(self, keyword: str) -> tuple[str, ...]:
        """All values as texts."""
        text = self.text(keyword)
        return tuple(part.strip() for part in text.split("\\")) if text else ()

    def content(self, keyword: str) -> bytes | memoryview:
        """Value as stored bytes; empty if not said."""
        value = self._value(keyword)
        if value is not None and not isinstance(value, bytes | memoryview):
            raise self.error(f"{element_name(keyword)} can't be read", rule=_UNREADABLE)
        return value or b""

    def required_text(self, keyword: str, remedy: str = EXPORT_AGAIN, *, rule: str = "element-missing") -> str:
        """Value as text; an error if not said."""
        text = self.text(keyword)
        if not text:
            raise self.missing(keyword, remedy, rule=rule)
        return text

    def numbers(self, keyword: str) -> NDArray[np.float64] | None:
        """All values as finite numbers, or None if not said."""
        numbers = self._stored_numbers(keyword)
        if numbers is None:
            value = self._value(keyword)
            if value is None:
                return None
            items = list(value) if isinstance(value, MultiValue | list) else [value]
            try:
                numbers = np.array([float(item) for item in items], dtype=np.float64)
            except (TypeError, ValueError) as error:
                what = f"{element_name(keyword)} is not a number: {self.text(keyword)!r}"
                raise self.error(what, rule=_UNREADABLE) from error
        if not np.isfinite(numbers).all():
            raise self.error(f"{element_name(keyword)} is not finite: {self.text(keyword)!r}", rule=_UNREADABLE)
        return numbers

    def _stored_numbers(self, keyword: str) -> NDArray[np.float64] | None:
        """Numbers from the stored bytes, or None if they aren't plainly there."""
        stored = self._stored(keyword)
        if stored is None or not stored.value:
            return None
        if stored.VR in _DECIMAL_TEXT:
            try:
                return np.array([float(part) for part in stored.value.rstrip(b" \0").split(b"\\")])
            except ValueError:
                return None
        code = _BINARY.get(stored.VR or "")
        if code is None:
            return None
        dtype = np.dtype(code).newbyteorder("<" if stored.is_little_endian else ">")
        if len(stored.value) % dtype.itemsize:
            return None
        return np.frombuffer(stored.value, dtype).astype(np.float64)

    def number(self, keyword: str) -> float | None:
        """The single value as a finite number, or None if not said."""
        numbers = self.numbers(keyword)
        if numbers is None:
            return None
        if len(numbers) != 1:
            what = f"{element_name(keyword)} has {len(numbers)} values instead of one"
            raise self.error(what, rule=_UNREADABLE)
        return float(numbers[0])

    def integer(self, keyword: str) -> int | None:
        """The single value as a whole number, or None if not said."""
        number = self.number(keyword)
        if number is None:
            return None
        if number != int(number):
            raise self.error(f"{element_name(keyword)} is not a whole number: {number}", rule=_UNREADABLE)
        return int(number)

    def required_integer(self, keyword: str) -> int:
        """The single value as a whole number; an error if not said."""
        number = self.integer(keyword)
        if number is None:
            raise self.missing(keyword)
        return number

    def vector(self, keyword: str, count: int) -> NDArray[np.float64] | None:
        """Exactly ``count`` finite numbers, or None if not said."""
        numbers = self.numbers(keyword)
        if numbers is not None and len(numbers) != count:
            what = f"{element_name(keyword)} has {len(numbers)} values instead of {count}"
            raise self.error(what, rule=_UNREADABLE)
        return numbers

    def items(self, keyword: str) -> list[Header]:
        """Items of a sequence; empty if not said."""
        value = self._value(keyword)
        if value is None:
            return []
        if not isinstance(value, Sequence):
            raise self.error(f"{element_name(keyword)} is not a sequence", rule=_UNREADABLE)
        return [Header(item, self.where) for item in value]

    def elements(self) -> list[DataElement]:
        """Every element, converted."""
        try:
            return list(self.dataset)
        except Exception as error:  # pydicom raises many kinds on damaged values (reliability.md B6)
            raise self.error(f"an element can't be read ({error})", rule=_UNREADABLE) from error

    def first_item(self, keyword: str) -> Header | None:
        """First item of a sequence, or None."""
        items = self.items(keyword)
        return items[0] if items else None
