"""Makes the list of digests at the end of resources/documentation/data.md anew: ``python -m tests.data_digests``."""

from __future__ import annotations

from pathlib import Path

RESOURCES = Path(__file__).parents[1] / "resources"
PAGE = RESOURCES / "documentation" / "data.md"
HEADING = "## Digests"
TEXT = """
SHA-256 of every table as released (`python -m tests.data_digests`). `results.json` and every plan carry the digests of
the physics tables that were used; compare them with these.

| table | SHA-256 |
|---|---|
"""
NOT_DATA = ("demonstration", "report")
"""Expected results and printed forms change with the program; their digests are beside them."""


def digests() -> dict[str, str]:
    """Table → digest, of every folder of tables."""
    found = {}
    for listing in sorted(RESOURCES.rglob("DIGESTS")):
        folder = listing.parent.relative_to(RESOURCES)
        if folder.parts[0] in NOT_DATA:
            continue
        for line in listing.read_text("utf-8").splitlines():
            digest, _, name = line.partition("  ")
            found[(folder / name).as_posix()] = digest
    return found


def section() -> str:
    """The section of the page."""
    rows = "\n".join(f"| `resources/{name}` | `{digest}` |" for name, digest in digests().items())
    return HEADING + "\n" + TEXT + rows + "\n"


if __name__ == "__main__":
    before, _, _ = PAGE.read_text("utf-8").partition(HEADING)
    PAGE.write_text(before.rstrip("\n") + "\n\n" + section(), "utf-8")
