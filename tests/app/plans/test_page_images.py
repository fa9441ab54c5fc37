from __future__ import annotations

import numpy as np
import pytest

from app.plans.page_images import page_count, page_image, page_texts
from dosimetry_core.errors import DosimetryError
from tests.app.signing_examples import signed_plan, unsigned_plan


def test_that_a_page_has_the_pixels_of_a4() -> None:
    picture = page_image(unsigned_plan(), 0, dots_per_inch=72)
    # A4 is 595.28 by 841.89 points; PDFium rounds up.
    assert picture.shape == (842, 596, 3)
    assert picture.dtype == np.uint8
    assert not picture.flags.writeable
    assert (picture[:20] == 255).all()


def test_that_equal_plans_give_equal_pictures_and_a_signature_is_seen() -> None:
    assert np.array_equal(page_image(unsigned_plan(), 0), page_image(unsigned_plan(), 0))
    assert not np.array_equal(page_image(unsigned_plan(), 0), page_image(signed_plan(), 0))
    assert np.array_equal(page_image(unsigned_plan(), 1), page_image(signed_plan(), 1))


def test_that_every_page_has_its_number_and_the_notice() -> None:
    texts = page_texts(unsigned_plan())
    assert len(texts) == page_count(unsigned_plan())
    for number, text in enumerate(texts, 1):
        assert f"Page {number} of {len(texts)}" in text
        assert "Research use only" in text


def test_that_what_is_no_pdf_is_refused() -> None:
    with pytest.raises(DosimetryError, match="not a readable PDF"):
        page_count(b"hello")
