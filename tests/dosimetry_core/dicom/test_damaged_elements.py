"""Elements damaged as a campaign of mutated files damaged them: refused in words, never a fault of the program."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from dosimetry_core.dicom.check import check_folder
from dosimetry_core.dicom.series import read_series
from dosimetry_core.errors import DosimetryError
from dosimetry_core.image import ImageSeries
from tests.dosimetry_core.dicom.dialects import in_detector, setting
from tests.phantoms import SPECT_GRID, Edit, bqml_series, counts_like, nm_file

COUNTS = counts_like(SPECT_GRID)


def _shown(_images: tuple[ImageSeries, ...]) -> None:
    """Takes the first scan, as a window would."""


# The value representation of one element, two letters after its tag, overwritten by letters that are none.
@pytest.mark.parametrize("tag", [b"\x08\0\x31\0TM", b"\x20\0\x0d\0UI", b"\x08\0\x08\0CS"])
def test_that_an_element_of_no_known_kind_is_refused_also_where_the_first_scan_is_looked_for(
    tmp_path: Path, tag: bytes
) -> None:
    path = nm_file(tmp_path / "a.dcm", COUNTS, edit=setting(SeriesTime="140500"))
    content = path.read_bytes()
    assert content.count(tag) == 1
    path.write_bytes(content.replace(tag, tag[:4] + b"EI"))
    for show in (None, _shown):
        with contextlib.suppress(DosimetryError):  # anything else is a fault
            read_series([tmp_path], time_zone="Europe/Warsaw", show_first=show)
    assert check_folder(tmp_path, time_zone="Europe/Warsaw")


@pytest.mark.parametrize(
    "edit",
    [
        setting(SpacingBetweenSlices="1e308"),
        setting(PixelSpacing=["1e200", "1e200"]),
        in_detector(ImagePositionPatient=["1.7e308", "0", "0"]),
    ],
)
def test_that_lengths_beyond_any_scanner_are_refused(tmp_path: Path, edit: Edit) -> None:
    nm_file(tmp_path / "a.dcm", COUNTS, edit=edit)
    with pytest.raises(DosimetryError) as refusal:
        read_series([tmp_path], time_zone="Europe/Warsaw")
    assert refusal.value.rule == "length-implausible"


def test_that_slices_beyond_any_scanner_are_refused(tmp_path: Path) -> None:
    bqml_series(
        tmp_path, COUNTS, edit=lambda d: setattr(d, "ImagePositionPatient", ["0", "0", f"{d.InstanceNumber}e307"])
    )
    with pytest.raises(DosimetryError) as refusal:
        read_series([tmp_path], time_zone="Europe/Warsaw")
    assert refusal.value.rule == "length-implausible"
