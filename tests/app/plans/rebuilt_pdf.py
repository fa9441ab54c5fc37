"""A typeset plan taken apart into its objects and written anew with some of them changed: what a forger would do."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping

_OBJECT = re.compile(rb"(?m)^(\d+) 0 obj\r?\n?(.*?)endobj", re.S)


def objects_of(pdf: bytes) -> dict[int, bytes]:
    """Body of each object of a file of one revision."""
    return {int(number): body for number, body in _OBJECT.findall(pdf)}


def number_of(objects: Mapping[int, bytes], pattern: bytes) -> int:
    """The first object that matches."""
    return next(number for number, body in objects.items() if re.search(pattern, body))


def rebuilt(pdf: bytes, changes: Mapping[int, bytes]) -> bytes:
    """The file with these objects instead, or besides, its cross-reference table right again."""
    objects = {**objects_of(pdf), **changes}
    head = pdf[: pdf.index(b"1 0 obj")]
    trailer = pdf[pdf.rindex(b"trailer") : pdf.rindex(b"startxref")]
    size = max(objects) + 1
    body, rows = head, [b"0000000000 65535 f\r\n"]
    for number in range(1, size):
        rows.append(b"%010d 00000 n\r\n" % len(body))
        body += b"%d 0 obj\n" % number + objects[number].strip() + b"\nendobj\n"
    trailer = re.sub(rb"/Size \d+", b"/Size %d" % size, trailer)
    return body + b"xref\n0 %d\n" % size + b"".join(rows) + trailer + b"startxref\n%d\n%%%%EOF" % len(body)


def first_page(objects: Mapping[int, bytes]) -> int:
    """Number of the first page."""
    pages = objects[number_of(objects, rb"/Type\s*/Pages")]
    return int(re.findall(rb"(\d+) 0 R", pages.split(b"/Kids")[1])[0])


def content_of(objects: Mapping[int, bytes], page: int) -> tuple[int, bytes]:
    """Number and bytes of what a page paints."""
    number = int(re.search(rb"/Contents (\d+) 0 R", objects[page])[1])  # type: ignore[index]
    stream = re.search(rb"stream\r?\n(.*)\r?\nendstream", objects[number], re.S)[1]  # type: ignore[index]
    return number, zlib.decompress(stream) if b"/FlateDecode" in objects[number] else stream


def stream_object(content: bytes, entries: bytes = b"") -> bytes:
    """A stream without compression."""
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(content), content)
