"""The plan record and the results attached to a plan PDF."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from dosimetry_core.canonical_json import parse_json, sha256_hex
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.plan_record import RECORD_NAME, RESULTS_NAME, parse_plan_record


@dataclass(frozen=True, eq=False)
class AttachedPlan:
    """Record and results of a plan, and the bytes of both."""

    record: dict[str, Any]
    results: dict[str, Any]
    record_bytes: bytes
    results_bytes: bytes


def attached_plan(pdf: bytes) -> AttachedPlan:
    """Record and results attached to a plan PDF, checked against each other.

    Raises
    ------
    InconsistentCaseError
        If one is missing or not canonical, there are others, or the record was made from other results.
    """
    files = embedded_files(pdf)
    if sorted(files) != [RECORD_NAME, RESULTS_NAME]:
        named = ", ".join(sorted(files)) or "nothing"
        raise InconsistentCaseError(
            f"attached are not {RECORD_NAME} and {RESULTS_NAME} but {named}",
            where="plan",
            remedy="use a plan of Lutetia",
        )
    record = parse_plan_record(files[RECORD_NAME])
    if record["results_sha256"] != sha256_hex(files[RESULTS_NAME]):
        raise InconsistentCaseError("the attached results are not those of the record", where=RESULTS_NAME)
    results = parse_json(files[RESULTS_NAME], where=RESULTS_NAME)
    if not isinstance(results, dict):
        raise InconsistentCaseError("not a table of results", where=RESULTS_NAME)
    return AttachedPlan(record, results, files[RECORD_NAME], files[RESULTS_NAME])


def embedded_files(pdf: bytes) -> dict[str, bytes]:
    """Content of each attached file by its name.

    Raises
    ------
    InconsistentCaseError
        If none can be read, or two have one name.
    """
    try:
        reader = PdfFileReader(BytesIO(pdf))
        tree = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
        files: dict[str, bytes] = {}
        for position in range(0, len(tree), 2):
            name, specification = str(tree[position]), tree[position + 1]
            stream = specification["/EF"]["/F"]
            if name in files or str(specification["/F"]) != name or not isinstance(stream, generic.StreamObject):
                raise InconsistentCaseError("its attachments contradict each other", where="plan")
            files[name] = bytes(stream.data)
        return files
    except (PdfError, KeyError, IndexError, TypeError, ValueError, AttributeError, zlib.error) as error:
        raise InconsistentCaseError(
            "no PDF with attachments can be read in it", where="plan", remedy="use a plan of Lutetia"
        ) from error
