"""The data page names every bundled table with the digest that it has."""

from __future__ import annotations

import hashlib

from tests.data_digests import HEADING, PAGE, RESOURCES, digests, section


def test_that_the_page_has_the_digests_of_today() -> None:
    _, heading, rest = PAGE.read_text("utf-8").partition(HEADING)
    # If this fails after a table was changed on purpose: python -m tests.data_digests.
    assert heading + rest == section()


def test_that_every_digest_is_that_of_its_file() -> None:
    for name, digest in digests().items():
        assert hashlib.sha256((RESOURCES / name).read_bytes()).hexdigest() == digest, name


def test_that_every_table_of_the_digests_has_a_source() -> None:
    folders = {(RESOURCES / name).parent for name in digests()}
    assert [folder.name for folder in folders if not (folder / "SOURCE").exists()] == []
