"""Other protocols beside the patient's own: those of the program, and those that the clinic saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.plans.other_protocols import OtherProtocols
from app.protocols.own_protocols import save_own
from dosimetry_core.case_file import read_case
from dosimetry_core.data_tables import table_bytes
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.pipeline import compute
from tests.app.test_commands import ENTERED


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return compute(read_case(ENTERED))


def own_text(name: str, kidneys_gy: float) -> str:
    text = table_bytes("protocols", "duonen-b.toml").decode("utf-8")
    return text.replace('name = "duonen-b"', f'name = "{name}"').replace(
        "kidneys_total_gy = 23.0", f"kidneys_total_gy = {kidneys_gy}"
    )


def test_that_the_clinics_own_protocols_stand_beside_the_programs_as_soon_as_they_are_saved(
    evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path))
    others = OtherProtocols()
    rows, _note = others.shown(evaluation, "")
    names = [row.cells["protocol"] for row in rows]
    assert names == ["duonen-a", "duonen-c", "duonen-d", "garske-roman"]
    save_own(own_text("our-30", 30.0), tmp_path, who="A. Nowak", why="pilot")
    rows, _note = others.shown(evaluation, "")
    assert [row.cells["protocol"] for row in rows] == [*names, "our-30 (own)"]
    # Arm B with 7 Gy more for the kidneys: the 90Y is what exactly these would allow, rounded down.
    (own,) = (row for row in rows if row.cells["protocol"] == "our-30 (own)")
    proposed = evaluation.plan.unrounded_activities_bq["Y-90"]
    cycles = 4 - len(evaluation.cycles)
    per_bq = evaluation.delivered[-1].organs["kidneys"].absorbed_dose_per_administered_activity_gy_per_bq["Y-90"]
    expected = (proposed + 7.0 / cycles / per_bq) / 1e9
    shown = float(str(own.cells["activity"]).split("+")[1].split()[0])
    assert expected - 0.05 <= shown <= expected + 1e-9


def test_that_an_own_protocol_with_faults_is_told_of(
    evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path))
    (tmp_path / "protocols").mkdir()
    (tmp_path / "protocols" / "broken.toml").write_text("format = 1\n", "utf-8")
    rows, note = OtherProtocols().shown(evaluation, "")
    assert len(rows) == 4
    assert "own protocol broken has faults" in note
