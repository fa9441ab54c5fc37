"""Plans signed on the command line go into the store of the data folder, if there is one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from app.cli import main
from app.store import open_store
from app.store.case_tree import CaseTree
from app.store.course_history import replayed
from app.store.events import CourseSummary, Event, StoredEvent
from app.store.storage import ListedCourse
from dosimetry_core import pipeline
from dosimetry_core.case_file import read_case
from dosimetry_core.frozen import FrozenMap
from tests.small_study import write_small_case

OVERRIDE = [
    "--override", "marrow-dose-missing=No blood was drawn.", "--override", "high-activity=Low kidney dose.",
    "--acknowledge", "discussed at the board", "--confirm-registrations", "looked at in three planes",
]  # fmt: skip
COURSE = "c" * 32


@pytest.fixture(scope="module")
def small_case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_case(tmp_path_factory.mktemp("small") / "case")


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("identity")
    (folder / "pass").write_text("correct horse\n")
    for name, role in (("a", "physicist"), ("b", "physician")):
        command = ["identity", "new", "--name", f"{name.upper()}. Signer", "--role", role]
        assert main([*command, "--out", str(folder / f"{name}.p12"), "--passphrase-file", str(folder / "pass")]) == 0
    return folder


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def with_course(data: Path, case_folder: Path) -> None:
    """A course that was made from the case folder, as the window makes it."""
    storage = open_store(data, who="A. Nowak")
    case = pipeline.align_case(pipeline.import_case(read_case(case_folder)))
    encoded = CaseTree().encode(case)
    made = {"folder": str(case_folder.resolve()), "case_file_sha256": "0" * 64}
    summary = CourseSummary(case.patient.patient_id, case.patient.name, None, case.course.protocol, 1, 4)
    event = Event(
        "course-created",
        COURSE,
        "A. Nowak",
        "Open case",
        datetime.now().astimezone(),
        case=encoded.root,
        data=FrozenMap(made),
        summary=summary,
    )
    storage.append([event], objects=dict(encoded.objects))
    storage.close()


def sign(identity: Path, case: Path, out: Path) -> int:
    key = ["--sign", str(identity / "a.p12"), "--passphrase-file", str(identity / "pass"), "--reason", "Cycle 2"]
    return main(["plan", str(case), "--out", str(out), *key, *OVERRIDE])


def approve(identity: Path, file: Path, out: Path) -> int:
    key = ["--sign", str(identity / "b.p12"), "--passphrase-file", str(identity / "pass")]
    return main(["approve", str(file), *key, "--out", str(out)])


def kept(data: Path) -> tuple[list[StoredEvent], tuple[ListedCourse, ...], list[bytes]]:
    storage = open_store(data, who="test", read_only=True)
    try:
        every = [stored for stored in storage.events() if stored.event.kind.startswith("plan-")]
        # Whoever signs on the command line checks by signing: that stands in the chain before the signature.
        kinds = [stored.event.kind for stored in every]
        signed_in_course = [n for n, each in enumerate(every) if kinds[n] == "plan-signed" and each.event.course_id]
        assert all("plan-checked" in kinds[:n] for n in signed_in_course)
        events = [stored for stored in every if stored.event.kind != "plan-checked"]
        digests = [stored.event.data["file_sha256"] for stored in events]
        return events, storage.courses(), [storage.get(digest) for digest in digests]
    finally:
        storage.close()


def test_that_a_plan_begins_no_store(small_case: Path, identity: Path, data: Path, tmp_path: Path) -> None:
    assert sign(identity, small_case, tmp_path / "out") == 0
    assert not data.exists()


def test_that_signed_and_approved_plans_are_kept_in_the_course_of_their_folder(
    small_case: Path, identity: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_course(data, small_case)
    assert sign(identity, small_case, tmp_path / "out") == 0
    events, (course,), files = kept(data)
    (stored,) = events
    signed = (tmp_path / "out/plan.pdf").read_bytes()
    assert files == [signed]
    assert (stored.event.kind, stored.event.course_id, stored.event.who) == ("plan-signed", COURSE, "A. Signer")
    assert stored.event.why == "Cycle 2"
    # The very case that the course holds was computed and signed.
    assert course.summary.state == "signed"
    assert "edited in the window" not in capsys.readouterr().err
    assert approve(identity, tmp_path / "out/plan.pdf", tmp_path / "approved.pdf") == 0
    events, (course,), files = kept(data)
    assert files == [signed, (tmp_path / "approved.pdf").read_bytes()]
    assert (events[1].event.kind, events[1].event.who) == ("plan-approved", "B. Signer")
    assert events[1].event.case == events[0].event.case
    assert course.summary.state == "approved"
    capsys.readouterr()
    trust = ["--trust", str(identity / "a.pem"), "--trust", str(identity / "b.pem")]
    assert main(["verify", str(tmp_path / "approved.pdf"), *trust]) == 0
    said = capsys.readouterr().out
    assert "stands in the chain of this store" in said
    assert f"approved as event {events[1].sequence}" in said
    # A second plan of the cycle takes the place of the first.
    assert sign(identity, small_case, tmp_path / "again") == 0
    events, (course,), files = kept(data)
    assert [stored.event.kind for stored in events[2:]] == ["plan-superseded", "plan-superseded", "plan-signed"]
    assert course.summary.state == "signed"
    storage = open_store(data, who="test", read_only=True)
    history = replayed(stored.event for stored in storage.events(course_id=COURSE))
    storage.close()
    assert [plan.superseded for plan in history.plans] == [True, True, False]
    assert main(["doctor"]) == 0


def test_that_a_plan_of_another_folder_belongs_to_no_course(
    small_case: Path, identity: Path, data: Path, tmp_path: Path
) -> None:
    open_store(data, who="A. Nowak").close()
    assert sign(identity, small_case, tmp_path / "out") == 0
    assert approve(identity, tmp_path / "out/plan.pdf", tmp_path / "approved.pdf") == 0
    events, courses, files = kept(data)
    assert [(stored.event.kind, stored.event.course_id) for stored in events] == [
        ("plan-signed", None),
        ("plan-approved", None),
    ]
    assert courses == ()
    assert files[1] == (tmp_path / "approved.pdf").read_bytes()


def test_that_the_course_of_an_open_window_is_left_alone(
    small_case: Path, identity: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_course(data, small_case)
    window = open_store(data, who="C. Window")
    assert window.hold(COURSE, "C. Window") is None
    try:
        assert sign(identity, small_case, tmp_path / "out") == 0
        assert "outside its course, which is open elsewhere: C. Window" in capsys.readouterr().err
    finally:
        window.close()
    ((stored,), (course,), _files) = kept(data)
    assert stored.event.course_id is None
    assert stored.event.data["course"] == COURSE
    assert "C. Window" in stored.event.data["held_by"]
    assert course.summary.state == "draft"


def test_that_it_is_said_when_a_plan_holds_nothing_of_what_was_edited_in_its_course(
    small_case: Path, identity: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_course(data, small_case)
    storage = open_store(data, who="A. Nowak")
    case = pipeline.align_case(pipeline.import_case(read_case(small_case)))
    edited = CaseTree().encode(replace(case, patient=replace(case.patient, weight_kg=50.0)))
    data_of_edit = FrozenMap({"position": 1})
    event = Event(
        "edited", COURSE, "A. Nowak", "Weight", datetime.now().astimezone(), case=edited.root, data=data_of_edit
    )
    storage.append([event], objects=dict(edited.objects))
    storage.close()
    capsys.readouterr()
    assert sign(identity, small_case, tmp_path / "out") == 0
    assert "its course was edited in the window: the plan holds none of that" in capsys.readouterr().err
    _events, (course,), _files = kept(data)
    assert course.summary.state == "stale"


def test_that_a_plan_that_cannot_be_kept_is_not_handed_out(
    small_case: Path,
    identity: Path,
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from app.store.sqlite_storage import SqliteStorage
    from app.store.storage import StoreError

    def full(self: SqliteStorage, *_events: object, **_more: object) -> None:
        raise StoreError("the disk is full", where="store.sqlite", remedy="make room on the disk and try again")

    open_store(data, who="A. Nowak").close()
    with monkeypatch.context() as patched:
        patched.setattr(SqliteStorage, "append", full)
        assert sign(identity, small_case, tmp_path / "out") == 2
    assert "the disk is full" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
    assert sign(identity, small_case, tmp_path / "out") == 0
    with monkeypatch.context() as patched:
        patched.setattr(SqliteStorage, "append", full)
        assert approve(identity, tmp_path / "out/plan.pdf", tmp_path / "approved.pdf") == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "out"]


def test_that_a_damaged_store_stops_the_signature(
    small_case: Path, identity: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    open_store(data, who="A. Nowak").close()
    (data / "store.sqlite").write_bytes(hashlib.sha256(b"x").digest() * 200)
    assert sign(identity, small_case, tmp_path / "out") == 2
    assert "store.sqlite" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
