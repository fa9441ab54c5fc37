"""Where the doses that the limits are for are not known nothing is proposed, and nothing can be signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from dosimetry_core.case import Patient
from dosimetry_core.errors import MissingDataError
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.plan_record import plan_record
from dosimetry_core.planning.next_cycle import plan_next_cycle, refused_plan
from dosimetry_core.planning.protocol import parse_protocol, read_protocol
from tests.dosimetry_core.planning.courses import LU, Y, cycle, tandem

PROTOCOL = read_protocol("duonen-b")


def test_that_a_refused_plan_proposes_nothing_and_says_why() -> None:
    delivered = [cycle(1, {LU: 3.7, Y: 1.85}, None)]
    with pytest.raises(MissingDataError, match="kidneys") as caught:
        plan_next_cycle(PROTOCOL, delivered)
    tree = refused_plan(PROTOCOL, delivered, [caught.value]).to_json()
    assert set(tree["activities_bq"].values()) == {0.0}
    assert (tree["refused"], tree["stop"], tree["feasible"], tree["limiting"]) == (True, True, False, "missing_data")
    assert [(f["code"], f["level"]) for f in tree["findings"]] == [("planning-refused", "error")]
    assert "kidneys" in tree["findings"][0]["text"]
    assert set(tree["probability_of_exceeding"].values()) == {None}


def test_that_no_reason_makes_a_refused_plan_a_document() -> None:
    plan = refused_plan(PROTOCOL, [], [MissingDataError("no kidney dose", where="cycle 1")])
    with pytest.raises(MissingDataError, match="no kidney dose"):
        plan_record(
            {"plan": plan.to_json()},
            patient=Patient("P", "N^N", "F", "UTC"),
            software_version="0",
            calculated_at=datetime(2025, 3, 3, tzinfo=UTC),
            protocol_digest="",
            limits_gy={},
            overrides={("planning-refused", "plan"): "because"},
        )


def bed_protocol(**changes: Any) -> Any:
    return replace(PROTOCOL, limits_gy=FrozenMap({}), bed_limits_gy=FrozenMap({"kidneys_bed": 28.0}), **changes)


def test_that_bed_can_not_be_planned_without_a_curve_or_after_an_earlier_course() -> None:
    with pytest.raises(MissingDataError, match="no curve of Lu-177 with Y-90"):
        plan_next_cycle(bed_protocol(), [tandem()])
    with pytest.raises(MissingDataError, match="earlier courses"):
        plan_next_cycle(bed_protocol(), [tandem()], prior_absorbed_dose_gy={"kidneys": 3.0})


def test_that_a_protocol_file_may_limit_bed_alone_but_must_limit_the_kidneys() -> None:
    from dosimetry_core.data_tables import table_bytes

    text = table_bytes("protocols", "duonen-b.toml").decode()
    bed = parse_protocol(text.replace("kidneys_total_gy = 23.0", "kidneys_total_bed_gy = 28.0").encode(), where="x")
    assert dict(bed.bed_limits_gy) == {"kidneys_bed": 28.0}
    assert "kidneys" not in bed.limits_gy
    assert bed.limited_organs[-1] == "kidneys"
    assert bed.to_json()["bed_limits_gy"] == {"kidneys_bed": 28.0}
    with pytest.raises(Exception, match="kidneys_total_bed_gy"):
        parse_protocol(text.replace("kidneys_total_gy = 23.0\n", "").encode(), where="x")
