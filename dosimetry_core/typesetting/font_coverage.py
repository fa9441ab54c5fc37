"""Which characters an OpenType font can show, read from its character map."""

from __future__ import annotations

import struct


def covered_code_points(font: bytes) -> frozenset[int]:
    """Code points that a font maps to a glyph.

    Parameters
    ----------
    font
        Content of an .otf or .ttf file.

    Raises
    ------
    ValueError
        If the font has no Unicode character map of format 4 or 12 (OpenType specification 1.9, ``cmap``).
    """
    (tables,) = struct.unpack_from(">H", font, 4)
    records = (struct.unpack_from(">4sIII", font, 12 + 16 * number) for number in range(tables))
    offset = next((start for tag, _, start, _ in records if tag == b"cmap"), None)
    if offset is None:
        raise ValueError("the font has no character map")
    (subtables,) = struct.unpack_from(">H", font, offset + 2)
    found: set[int] = set()
    for number in range(subtables):
        _, _, place = struct.unpack_from(">HHI", font, offset + 4 + 8 * number)
        (form,) = struct.unpack_from(">H", font, offset + place)
        if form == 12:
            found |= _groups(font, offset + place)
        elif form == 4:
            found |= _segments(font, offset + place)
    if not found:
        raise ValueError("the font has no Unicode character map of format 4 or 12")
    return frozenset(found)


def _groups(font: bytes, start: int) -> set[int]:
    (count,) = struct.unpack_from(">I", font, start + 12)
    found: set[int] = set()
    for number in range(count):
        first, last, glyph = struct.unpack_from(">III", font, start + 16 + 12 * number)
        found.update(code for code in range(first, last + 1) if glyph + code - first)
    return found


def _segments(font: bytes, start: int) -> set[int]:
    (doubled,) = struct.unpack_from(">H", font, start + 6)
    count = doubled // 2
    ends, starts, deltas, offsets = (start + 14 + k * doubled + (2 if k else 0) for k in range(4))
    found: set[int] = set()
    for number in range(count):
        step = 2 * number
        (last,) = struct.unpack_from(">H", font, ends + step)
        (first,) = struct.unpack_from(">H", font, starts + step)
        (delta,) = struct.unpack_from(">H", font, deltas + step)
        (offset,) = struct.unpack_from(">H", font, offsets + step)
        for code in range(first, min(last, 0xFFFE) + 1):
            if offset == 0:
                glyph = (code + delta) & 0xFFFF
            else:
                (glyph,) = struct.unpack_from(">H", font, offsets + step + offset + 2 * (code - first))
            if glyph:
                found.add(code)
    return found
