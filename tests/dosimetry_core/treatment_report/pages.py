"""A typeset document as a reader finds it: text of each page, and where its signs are, beside the rendered picture."""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as raw
from numpy.typing import NDArray

SCALE = 2.0
"""Pixels per point of the rendered page: thin strokes of 5.5 pt letters leave a mark."""
_LEAST_MARK = 24
_WATERMARK_PT = 40.0


@dataclass(frozen=True)
class Page:
    """Text, size in points, and the boxes of all signs: left, bottom, right, top."""

    text: str
    size: tuple[float, float]
    signs: str
    boxes: NDArray[np.float64]
    picture: NDArray[np.uint8]


def read_pages(pdf: bytes) -> list[Page]:
    document = pdfium.PdfDocument(pdf)
    pages = [_read(page) for page in document]
    document.close()
    return pages


def _read(page: Any) -> Page:
    text = page.get_textpage()
    whole = str(text.get_text_bounded()).replace("\r\n", "\n").replace("\u200b", "").replace("\ufffe", "")
    # Sign by sign from the library itself: the wrapper's own call for one sign takes as long as typesetting it.
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    corners = [ctypes.byref(corner) for corner in (left, right, bottom, top)]
    signs, boxes = [], []
    for index in range(text.count_chars()):
        sign = chr(raw.FPDFText_GetUnicode(text, index))
        if sign.strip() and sign.isprintable():
            assert raw.FPDFText_GetCharBox(text, index, *corners)
            signs.append(sign)
            boxes.append((left.value, bottom.value, right.value, top.value))
    picture = np.asarray(page.render(scale=SCALE, grayscale=True).to_numpy(), dtype=np.uint8)
    size = page.get_size()
    text.close()
    return Page(whole, size, "".join(signs), np.array(boxes, dtype=np.float64).reshape(-1, 4), picture[..., 0]
                if picture.ndim == 3 else picture)  # fmt: skip


def numbers_of(pages: list[Page], decimal: str) -> set[str]:
    """Every number on the pages, with a decimal point and a plain minus sign."""
    text = "\n".join(page.text for page in pages).replace("−", "-")
    return {found.replace(decimal, ".") for found in re.findall(rf"\d+(?:{re.escape(decimal)}\d+)?", text)}


def outside(page: Page, margin_pt: float) -> list[str]:
    """Signs that reach beyond the margins of a page."""
    width, height = page.size
    left, bottom, right, top = page.boxes.T
    beyond = (left < margin_pt) | (right > width - margin_pt) | (bottom < 18.0) | (top > height - 18.0)
    beyond &= top - bottom < _WATERMARK_PT
    return [page.signs[k] for k in np.flatnonzero(beyond)]


def overlapping(page: Page) -> list[str]:
    """Pairs of signs that lie over each other: by over a third of the smaller one, in both directions."""
    boxes = page.boxes
    normal = np.flatnonzero((boxes[:, 3] - boxes[:, 1] < _WATERMARK_PT) & (boxes[:, 2] - boxes[:, 0] > 0.3))
    order = normal[np.argsort(boxes[normal, 3])]
    left, bottom, right, top = boxes[order].T
    # With tops rising, what overlaps a sign from above has its top within the height of the tallest sign.
    tallest = float((top - bottom).max(initial=0.0))
    counts = np.searchsorted(top, top + tallest, side="right") - np.arange(len(order)) - 1
    one = np.repeat(np.arange(len(order)), counts)
    other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(counts) - counts, counts)
    wide = np.minimum(right[one], right[other]) - np.maximum(left[one], left[other])
    high = np.minimum(top[one], top[other]) - np.maximum(bottom[one], bottom[other])
    width, height = right - left, top - bottom
    over = (wide > 0.34 * np.minimum(width[one], width[other])) & (high > 0.34 * np.minimum(height[one], height[other]))
    return [f"{page.signs[order[a]]}{page.signs[order[b]]}" for a, b in zip(one[over], other[over], strict=True)]


def without_mark(page: Page) -> list[str]:
    """Signs of the text whose place on the rendered page shows nothing: clipped, covered or white on white."""
    missing = []
    height = page.size[1]
    rows, columns = page.picture.shape[:2]
    for sign, (left, bottom, right, top) in zip(page.signs, page.boxes, strict=True):
        a, b = max(int((height - top) * SCALE) - 1, 0), min(int((height - bottom) * SCALE) + 2, rows)
        c, d = max(int(left * SCALE) - 1, 0), min(int(right * SCALE) + 2, columns)
        part = page.picture[a:b, c:d]
        if part.size == 0 or int(part.max()) - int(part.min()) < _LEAST_MARK:
            missing.append(sign)
    return missing
