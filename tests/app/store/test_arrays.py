from __future__ import annotations

import hashlib

import numpy as np
import pytest

from app.store.arrays import array_content, array_digest, array_from_content


@pytest.mark.parametrize("dtype", ["u1", "i2", "<f4", ">f4", "f8", "?", "u8"])
def test_that_an_array_comes_back_read_only_whatever_its_layout(dtype: str) -> None:
    array = (np.arange(60).reshape(3, 4, 5) % 7).astype(dtype)
    for view in (array, array[::-1], array.transpose(2, 0, 1), array[:, :0]):
        content = array_content(view)
        again = array_from_content(content)
        assert np.array_equal(again, view)
        assert not again.flags.writeable
        assert array_digest(view) == hashlib.sha256(content).hexdigest()
    assert array_digest(array.astype(">f8")) == array_digest(array.astype("<f8"))
