from __future__ import annotations

import pytest

from dosimetry_core.safety.performance import ecog_from_karnofsky


def test_that_the_ends_of_the_scale_agree() -> None:
    assert ecog_from_karnofsky(100) == 0
    assert ecog_from_karnofsky(0) == 5


@pytest.mark.parametrize("wrong", [65, -10, 110])
def test_that_a_value_off_the_scale_is_refused(wrong: int) -> None:
    with pytest.raises(ValueError, match="multiple of 10"):
        ecog_from_karnofsky(wrong)
