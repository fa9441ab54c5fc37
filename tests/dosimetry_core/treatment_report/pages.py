"""A typeset document as a reader finds it: text of each page, and where its signs are, beside the rendered picture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pypdfium2 as pdfium
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
    signs, boxes = [], []
    for index in range(text.count_chars()):
        sign = str(text.get_text_range(index, 1))
        if sign.strip() and sign.isprintable():
            signs.append(sign[:1])
            boxes.append(text.get_charbox(index))
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
    found = []
    for place, one in enumerate(order):
        left, bottom, right, top = boxes[one]
        others = order[place + 1 : place + 400]
        near = others[boxes[others, 1] < top]
        if not near.size:
            continue
        wide = np.minimum(boxes[near, 2], right) - np.maximum(boxes[near, 0], left)
        high = np.minimum(boxes[near, 3], top) - np.maximum(boxes[near, 1], bottom)
        smaller_w = np.minimum(boxes[near, 2] - boxes[near, 0], right - left)
        smaller_h = np.minimum(boxes[near, 3] - boxes[near, 1], top - bottom)
        over = (wide > 0.34 * smaller_w) & (high > 0.34 * smaller_h)
        found += [f"{page.signs[one]}{page.signs[k]}" for k in near[over]]
    return found


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
