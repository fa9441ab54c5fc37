"""Makes resources/demonstration/expected.json and sample_course.json anew, and the page on how a number is made:
``python -m tests.expected_results``. See the SOURCE file there.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dosimetry_core.case_file import read_case
from dosimetry_core.constancy import CASE_FILE, constancy_values
from dosimetry_core.pipeline import compute
from dosimetry_core.planning.sample_course import sample_from_results
from dosimetry_core.results_json import results_json
from dosimetry_core.virtual_patient import write_demonstration
from tests import number_trail

FOLDER = Path(__file__).parents[1] / "resources" / "demonstration"


def main() -> None:
    """Write, compute and record the demonstration case of seed 1."""
    with tempfile.TemporaryDirectory() as work:
        case = Path(work) / "case"
        write_demonstration(case, seed=1)
        results = results_json(compute(read_case(case)))
        number_trail.PAGE.write_text(number_trail.page(case, results), "utf-8")
    entry = {"case_sha256": results["inputs"][CASE_FILE], "values": constancy_values(results)}
    content = json.dumps([entry], indent=1, ensure_ascii=False).encode("utf-8") + b"\n"
    (FOLDER / "expected.json").write_bytes(content)
    write_sample(results)
    names = ("expected.json", "sample_course.json")
    lines = [f"{hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (FOLDER / "DIGESTS").write_text("".join(lines), "utf-8")


def write_sample(results: Mapping[str, Any]) -> None:
    """The sample patient of protocols, from the results of the demonstration."""
    content = json.dumps(sample_from_results(results), indent=1).encode("utf-8") + b"\n"
    (FOLDER / "sample_course.json").write_bytes(content)


if __name__ == "__main__":
    main()
