"""Real plans in a real store: what is superseded, stale or returned is neither approved nor given."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli import main
from app.store import open_store
from app.store.case_tree import CaseTree
from app.store.events import Event
from dosimetry_core.case_file import read_case
from dosimetry_core.frozen import FrozenMap
from tests.app.plans.test_giving import CASE, REASONS
from tests.app.plans.test_plans_kept import COURSE, with_course


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("back")
    (folder / "pass").write_text("correct horse\n")
    for name, role in (("a", "physicist"), ("b", "physician")):
        command = ["identity", "new", "--name", f"{name.upper()}. Signer", "--role", role]
        assert main([*command, "--out", str(folder / f"{name}.p12"), "--passphrase-file", str(folder / "pass")]) == 0
    (folder / "case").mkdir()
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=56)
    (folder / "case" / "case.toml").write_text(CASE.format(start=start.isoformat()))
    return folder


@pytest.fixture
def data(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with the course of the case."""
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path / "data"))
    with_course(tmp_path / "data", folder / "case")
    return tmp_path / "data"


def key(folder: Path, name: str) -> list[str]:
    return ["--sign", str(folder / f"{name}.p12"), "--passphrase-file", str(folder / "pass")]


def sign(folder: Path, out: Path) -> Path:
    assert main(["plan", str(folder / "case"), "--out", str(out), *key(folder, "a"), *REASONS]) == 0
    return out / "plan.pdf"


def approve(folder: Path, plan: Path, out: Path) -> int:
    return main(["approve", str(plan), *key(folder, "b"), "--out", str(out)])


def verified(folder: Path, plan: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What ``lutetia verify`` prints of a plan that it does not accept, though its signatures hold."""
    capsys.readouterr()
    assert main(["verify", str(plan), "--trust", str(folder / "a.pem"), "--trust", str(folder / "b.pem")]) == 2
    return capsys.readouterr().out


def state(data: Path) -> str:
    storage = open_store(data, who="A. Nowak", read_only=True)
    try:
        (course,) = storage.courses()
        return course.summary.state
    finally:
        storage.close()


def test_that_a_superseded_plan_is_not_approved(
    folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = sign(folder, tmp_path / "first")
    second = sign(folder, tmp_path / "second")
    assert verified(folder, first, capsys).startswith("state: superseded\n")
    assert approve(folder, first, tmp_path / "a.pdf") == 2
    assert "a plan that is superseded can't be approved" in capsys.readouterr().err
    assert not (tmp_path / "a.pdf").exists()
    assert approve(folder, second, tmp_path / "b.pdf") == 0
    assert state(data) == "approved"
    # A plan is approved once, even as another file.
    assert approve(folder, second, tmp_path / "c.pdf") == 2
    assert not (tmp_path / "c.pdf").exists()


def test_that_a_plan_whose_inputs_changed_in_the_store_is_not_approved(
    folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = sign(folder, tmp_path / "out")
    storage = open_store(data, who="A. Nowak")
    case = read_case(folder / "case")
    edited = CaseTree().encode(replace(case, patient=replace(case.patient, weight_kg=50.0)))
    event = Event(
        "edited",
        COURSE,
        "A. Nowak",
        "Weight",
        datetime.now().astimezone(),
        case=edited.root,
        data=FrozenMap({"position": 1}),
    )
    storage.append([event], objects=dict(edited.objects))
    storage.close()
    told = verified(folder, plan, capsys)
    assert told.startswith("state: stale\n")
    assert "STALE: inputs of the course were changed since" in told
    assert approve(folder, plan, tmp_path / "approved.pdf") == 2
    assert "a plan that is stale can't be approved" in capsys.readouterr().err


def test_that_a_plan_is_returned_with_a_comment_and_can_be_neither_approved_nor_returned_again(
    folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = sign(folder, tmp_path / "out")
    comment = ["--comment", "Repeat the blood count"]
    assert main(["return", str(plan), *key(folder, "a"), *comment]) == 2
    assert "a plan is returned by a physician, not by a physicist" in capsys.readouterr().err
    assert state(data) == "signed"
    assert main(["return", str(plan), *key(folder, "b"), *comment]) == 0
    assert state(data) == "returned"
    storage = open_store(data, who="A. Nowak", read_only=True)
    last = list(storage.events())[-1].event
    storage.close()
    assert (last.kind, last.why, last.who) == ("plan-revoked", "Repeat the blood count", "B. Signer")
    capsys.readouterr()
    trust = ["--trust", str(folder / "a.pem")]
    assert main(["verify", str(plan), *trust]) == 2  # the signature itself holds
    said = capsys.readouterr().out
    assert said.startswith("state: returned\n")
    assert "in the course it is RETURNED: it must not be used (B. Signer: Repeat the blood count)" in said
    assert main(["return", str(plan), *key(folder, "b"), *comment]) == 2
    assert approve(folder, plan, tmp_path / "approved.pdf") == 2
    assert "a plan that is returned can't be approved" in capsys.readouterr().err


def test_that_an_approved_plan_is_revoked_by_either_signer_and_a_plan_of_no_course_by_nobody(
    folder: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = sign(folder, tmp_path / "out")
    approved = tmp_path / "approved.pdf"
    assert approve(folder, plan, approved) == 0
    assert main(["return", str(approved), *key(folder, "b"), "--comment", "no"]) == 2
    assert main(["revoke", str(approved), *key(folder, "a"), "--reason", "Wrong weight"]) == 0
    assert state(data) == "revoked"
    told = verified(folder, approved, capsys)
    assert told.startswith("state: revoked\n")
    assert "in the course it is REVOKED: it must not be used any more (A. Signer: Wrong weight)" in told
    elsewhere = tmp_path / "elsewhere.pdf"
    elsewhere.write_bytes(plan.read_bytes() + b" ")
    assert main(["revoke", str(elsewhere), *key(folder, "a"), "--reason", "x"]) == 2
    assert "no course of this store keeps this plan" in capsys.readouterr().err
