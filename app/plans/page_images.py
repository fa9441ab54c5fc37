"""Pages of a PDF as pictures and as text, for preview, print and comparison."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray

from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.frozen import read_only

POINTS_PER_INCH: Final = 72.0
_ONE_AT_A_TIME = threading.Lock()
"""PDFium keeps global state and must not be called from two threads."""


@contextmanager
def _opened(pdf: bytes) -> Iterator[Any]:
    with _ONE_AT_A_TIME:
        try:
            document = pdfium.PdfDocument(pdf)
        except pdfium.PdfiumError as error:
            raise InconsistentCaseError(f"not a readable PDF ({error})", where="plan") from error
        try:
            document.init_forms()
            yield document
        finally:
            document.close()


def page_count(pdf: bytes) -> int:
    """Number of pages."""
    with _opened(pdf) as document:
        return len(document)


def page_image(pdf: bytes, page: int, *, dots_per_inch: float = 150.0) -> NDArray[np.uint8]:
    """One page as a picture, signatures included.

    Parameters
    ----------
    pdf
        The file.
    page
        0 for the first page.
    dots_per_inch
        Resolution.

    Returns
    -------
    NDArray[np.uint8]
        Shape (row, column, 3), red, green, blue; read-only.
    """
    with _opened(pdf) as document:
        bitmap = document[page].render(scale=dots_per_inch / POINTS_PER_INCH, rev_byteorder=True)
        picture: NDArray[np.uint8] = np.array(bitmap.to_numpy()[..., :3], dtype=np.uint8, order="C")
        return read_only(picture)


def page_texts(pdf: bytes) -> tuple[str, ...]:
    """Text of every page in reading order, lines separated by newlines."""
    with _opened(pdf) as document:
        texts = []
        for page in document:
            text = page.get_textpage()
            texts.append(str(text.get_text_bounded()).replace("\r\n", "\n"))
            text.close()
        return tuple(texts)
