"""Each value-bearing header element, changed: refused, remarked, or exactly the change that physics says."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.header_changes.change import HeaderChange, spect_of
from tests.header_changes.changes import RULES, header_changes
from tests.header_changes.small import VOI_ML, observed, write_study
from tests.header_changes.verdicts import account_of

SEED = 3


def test_that_no_changed_header_changes_a_number_in_silence(tmp_path: Path) -> None:
    account = account_of(header_changes(len(RULES), SEED), tmp_path)
    assert account.failures == []
    # All three ways of being right are met.
    assert min(account.verdicts[verdict] for verdict in ("refused", "remarked", "exact")) >= 5


def test_that_the_sound_studies_in_counts_and_in_bqml_agree(tmp_path: Path) -> None:
    counts, bqml = (observed(write_study(tmp_path / kind, kind)) for kind in ("counts", "bqml"))
    assert counts.volume_ml == pytest.approx(VOI_ML, rel=1e-9)
    # Both were written from the same activities; slopes and counts are rounded to 3e-5 and 1e-4.
    assert counts.activity_bq == pytest.approx(bqml.activity_bq, rel=3e-4)
    assert counts.dose_gy == pytest.approx(bqml.dose_gy, rel=3e-4)


def test_that_a_change_of_which_nothing_is_said_is_found(tmp_path: Path) -> None:
    def halved(name: str, dataset: Dataset) -> None:
        dataset.RescaleSlope = 0.5

    # The negative control: a change whose effect is not stated.
    control = HeaderChange("RescaleSlope", "0.5", "counts", spect_of(None), halved)
    account = account_of([control], tmp_path)
    assert len(account.failures) == 1
    assert "activities" in account.failures[0]
