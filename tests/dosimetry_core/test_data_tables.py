"""Bundled tables are refused when they are not the released ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from dosimetry_core import data_tables
from dosimetry_core.data_tables import data_table_editions, resource, table_bytes
from dosimetry_core.errors import InconsistentCaseError, MissingDataError

RESOURCES = Path(__file__).parents[2] / "resources"
DIGEST_FILES = sorted(path for path in RESOURCES.rglob("DIGESTS") if "documentation" not in path.parts)


@pytest.fixture
def altered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with one table and its digests that stands in for the bundled ones."""
    content = b"S value\n1.0\n"
    (tmp_path / "table.csv").write_bytes(content)
    (tmp_path / "DIGESTS").write_text(f"{hashlib.sha256(content).hexdigest()}  table.csv\n", "utf-8")
    monkeypatch.setattr(data_tables, "resource", lambda *parts: tmp_path.joinpath(*parts[1:]))
    data_tables._digests.cache_clear()
    data_tables.table_bytes.cache_clear()
    yield tmp_path
    data_tables._digests.cache_clear()
    data_tables.table_bytes.cache_clear()


@pytest.mark.parametrize("path", DIGEST_FILES, ids=lambda path: path.parent.relative_to(RESOURCES).as_posix())
def test_that_every_listed_table_is_the_released_one(path: Path) -> None:
    parts = path.parent.relative_to(RESOURCES).parts
    for line in path.read_text("utf-8").splitlines():
        digest, name = line.split(maxsplit=1)
        assert hashlib.sha256(table_bytes(*parts, name)).hexdigest() == digest


@pytest.mark.parametrize("path", DIGEST_FILES, ids=lambda path: path.parent.relative_to(RESOURCES).as_posix())
def test_that_every_table_of_a_folder_is_listed(path: Path) -> None:
    listed = {line.split(maxsplit=1)[1] for line in path.read_text("utf-8").splitlines() if line.strip()}
    texts = {"DIGESTS", "SOURCE", "LICENSE", "OFL.txt"}
    assert {item.name for item in path.parent.iterdir() if item.is_file()} - texts == listed


def test_that_an_untouched_table_is_read(altered: Path) -> None:
    assert table_bytes("folder", "table.csv") == b"S value\n1.0\n"


def test_that_a_table_with_one_changed_digit_is_refused(altered: Path) -> None:
    (altered / "table.csv").write_bytes(b"S value\n1.1\n")
    with pytest.raises(InconsistentCaseError, match="altered"):
        table_bytes("folder", "table.csv")


def test_that_a_table_without_a_digest_is_refused(altered: Path) -> None:
    (altered / "other.csv").write_bytes(b"S value\n1.0\n")
    with pytest.raises(InconsistentCaseError, match="altered"):
        table_bytes("folder", "other.csv")


def test_that_a_missing_table_is_named(altered: Path) -> None:
    with pytest.raises(MissingDataError, match=r"resources/folder/absent\.csv"):
        table_bytes("folder", "absent.csv")


def test_that_results_name_every_table_of_physics() -> None:
    editions = data_table_editions()
    assert (
        editions["physics/nuclides.json"]
        == hashlib.sha256(resource("physics", "nuclides.json").read_bytes()).hexdigest()
    )
    assert {"physics/s_values_icrp133.csv", "s_values/sphere_soft_tissue.csv"} <= set(editions)
