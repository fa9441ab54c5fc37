"""The real trunk, displaced a hundred times: how far its kidneys are from where they should be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.displaced_figure import REQUIRED_SHARE, displaced_errors, figures_of
from tests.displaced_subjects import real_subject_of
from tests.displacements import displaced_pair
from tests.figures import figure_line

pytestmark = pytest.mark.anatomy

PAIRS = 100


def test_that_real_kidneys_are_found_to_one_and_a_half_millimetres() -> None:
    folder = os.environ.get("LUTETIA_ANATOMY")
    if not folder:
        pytest.fail("LUTETIA_ANATOMY must name the folder with example_ct.nii.gz and labels.nii.gz")
    subject = real_subject_of(Path(folder))
    found = displaced_errors(displaced_pair(subject, number) for number in range(PAIRS))
    line = figures_of(found)
    figure_line("anatomy-registration-displaced", n=PAIRS, failures=len(found["failed"]), seed=20_250, **line)
    assert line["within_1.5_mm"] >= REQUIRED_SHARE
    assert not found["silent"]
