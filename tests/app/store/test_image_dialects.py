"""Images that were joined, asked about or partly doubled when they were read come back with the very same values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.store.arrays import array_digest
from app.store.images import read_images
from app.store.nodes import ImageReference
from dosimetry_core.dicom.series import read_series
from tests import phantoms
from tests.dosimetry_core.dicom import dialects
from tests.dosimetry_core.dicom.dialects import edits, own_series, second_bed, setting
from tests.phantoms import CT_GRID, SPECT_GRID, Visit, bqml_series, counts_like, ct_series, grid, nm_file

COUNTS = counts_like(SPECT_GRID)
HIGHER = grid(SPECT_GRID.shape, SPECT_GRID.spacing_mm, origin_mm=SPECT_GRID.index_to_point((3, 0, 0)))


def _beds(folder: Path) -> None:
    nm_file(folder / "1.dcm", COUNTS)
    nm_file(folder / "2.dcm", COUNTS, HIGHER, second_bed(Visit(), 30), edit=own_series)


def _asked(folder: Path) -> None:
    bqml_series(folder, COUNTS, edit=setting(DecayCorrection="NONE"))


def _beds_asked_of_unequal_length(folder: Path) -> None:
    def of_bed(number: int, milliseconds: int) -> phantoms.Edit:
        own = setting(
            SeriesInstanceUID=phantoms.uid(f"bed {number}"), DecayCorrection="NONE", ActualFrameDuration=milliseconds
        )
        given = dialects.in_isotope(RadiopharmaceuticalStartDateTime="20250303100500")
        return edits(own, given, lambda d: setattr(d, "SOPInstanceUID", phantoms.uid(f"{number} {d.InstanceNumber}")))

    bqml_series(folder / "1", COUNTS, edit=of_bed(1, 1_200_000))
    bqml_series(folder / "2", COUNTS, HIGHER, second_bed(Visit(), 30), edit=of_bed(2, 7_200_000))


def _doubled(folder: Path) -> None:
    ct_series(folder / "a", counts_like(CT_GRID))
    again = setting(SOPInstanceUID=phantoms.uid("again"))
    for path in ct_series(folder / "b", counts_like(CT_GRID), edit=again)[1:]:
        path.unlink()


def _enhanced(folder: Path) -> None:
    dialects.enhanced(folder / "ct.dcm", counts_like(CT_GRID), CT_GRID, order=[3, 1, 5, 0, 4, 2])


@pytest.mark.parametrize("answer", ["none", "acquisition-start", "administration"])
@pytest.mark.parametrize("write", [_beds, _asked, _beds_asked_of_unequal_length, _doubled, _enhanced])
def test_that_values_read_again_are_those_read_first(
    tmp_path: Path, write: Callable[[Path], None], answer: str
) -> None:
    write(tmp_path)
    (image,) = read_series(
        [tmp_path],
        time_zone="Europe/Warsaw",
        stated_decay_reference=answer,  # type: ignore[arg-type]
    ).series
    values = image.volume.values
    reference = ImageReference(
        1,
        0,
        image.kind,
        image.description,
        image.series_uid,
        image.volume.quantity,
        image.source_files,
        array_digest(values),
        str(values.dtype),
        values.shape,
    )
    again = read_images([reference], tmp_path)
    np.testing.assert_array_equal(again[reference.array_digest], values)
