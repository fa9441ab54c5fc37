"""The figure of changed headers: 2,000, none of which changes a number in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures import figure_line
from tests.header_changes.changes import header_changes
from tests.header_changes.verdicts import account_of

pytestmark = pytest.mark.long

COUNT, SEED = 2_000, 1


def test_that_no_changed_header_changes_a_number_in_silence(tmp_path: Path) -> None:
    account = account_of(header_changes(COUNT, SEED), tmp_path)
    figure_line(
        "header-changes",
        n=sum(account.verdicts.values()),
        failures=len(account.failures),
        seed=SEED,
        elements=len(account.elements),
        **{verdict: account.verdicts[verdict] for verdict in ("refused", "remarked", "exact")},
    )
    assert account.failures == []
