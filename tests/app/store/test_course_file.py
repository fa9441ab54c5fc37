from __future__ import annotations

import errno
import hashlib
import os
import random
import shutil
import stat
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.store import open_store
from app.store.case_tree import CaseTree, image_references
from app.store.course_archive import CourseFileError
from app.store.course_file import as_made, export_course, history_events, import_course
from app.store.course_history import replayed
from app.store.events import Event, chained, event_from_body
from app.store.images import copy_in, image_files_of, read_images
from app.store.storage import Storage, StoreError
from dosimetry_core import pipeline
from dosimetry_core.canonical_json import canonical_bytes, parse_json, sha256_hex
from dosimetry_core.case import Case
from dosimetry_core.case_file import read_case
from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.progress import Cancelled, no_progress
from tests.app.memory_storage import MemoryStorage, MemoryStore
from tests.app.store.course_examples import COURSE, PLAN, bodies, keep_course
from tests.app.store.tree_examples import same
from tests.small_study import write_small_case

WHO = "B. Nowak"


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = write_small_case(tmp_path_factory.mktemp("study"))
    return pipeline.align_case(pipeline.import_case(read_case(folder)))


@pytest.fixture
def source(tmp_path: Path, case: Case) -> Iterator[Storage]:
    storage = open_store(tmp_path / "source", who="A. Kowalska")
    storage.append([Event("settings-changed", None, "A. Kowalska", "Change", case.cycles[0].administrations[0].start)])
    keep_course(storage, case)
    yield storage
    storage.close()


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Storage]:
    storage = open_store(tmp_path / "target", who=WHO)
    yield storage
    storage.close()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, case: Case) -> Path:
    """A course file without images, made once."""
    storage = memory_with_course(case)
    file = tmp_path_factory.mktemp("exported") / "course.lutetia"
    export_course(storage, COURSE, file, who=WHO)
    return file


def memory_with_course(case: Case) -> MemoryStorage:
    storage = MemoryStorage()
    storage.append([Event("store-created", None, "A", "Make the store", case.cycles[0].administrations[0].start)])
    keep_course(storage, case)
    return storage


def kept(storage: MemoryStorage) -> tuple[list[bytes], dict[str, bytes]]:
    return [as_made(stored.event).body() for stored in storage.events(course_id=COURSE)][1:], storage.objects


# --- the whole course comes along -------------------------------------------------------------------------------------


def test_that_an_imported_course_has_the_same_history_cases_and_plans(
    source: Storage, target: Storage, tmp_path: Path, case: Case
) -> None:
    file = tmp_path / "course.lutetia"
    export_course(source, COURSE, file, who=WHO)
    assert import_course(target, file, who=WHO) == COURSE
    before = replayed(history_events(source, COURSE))
    after = replayed(history_events(target, COURSE))
    assert after == before
    assert replayed(stored.event for stored in target.events(course_id=COURSE)) == before
    assert before.position == 2
    assert after.case is not None
    images = read_images(image_references(after.case, target.get), tmp_path)
    for root in before.cases():
        theirs, ours = (CaseTree().decode(root, storage.get, images) for storage in (source, target))
        assert same(ours, theirs)
    assert target.get(sha256_hex(PLAN)) == PLAN
    assert target.courses()[0].summary == source.courses()[0].summary
    assert not target.check(progress=no_progress).problems


def test_that_every_imported_event_proves_where_it_stood(source: Storage, target: Storage, tmp_path: Path) -> None:
    export_course(source, COURSE, tmp_path / "course.lutetia", who=WHO)
    import_course(target, tmp_path / "course.lutetia", who=WHO)
    there = list(source.events(course_id=COURSE))
    announced, *here = [stored.event for stored in target.events(course_id=COURSE)]
    assert announced.kind == "course-imported"
    assert announced.who == WHO
    assert announced.data["events"] == len(there) == len(here)
    assert announced.data["store"] == next(iter(source.events(limit=1))).digest
    for original, event in zip(there, here, strict=True):
        mark = event.data["original"]
        assert (mark["sequence"], mark["previous"], mark["digest"]) == (
            original.sequence,
            original.previous,
            original.digest,
        )
        assert as_made(event) == original.event
        assert chained(mark["previous"], as_made(event).body()) == original.digest


def test_that_a_course_that_travelled_twice_still_proves_its_first_chain(
    source: Storage, target: Storage, tmp_path: Path, case: Case
) -> None:
    export_course(source, COURSE, tmp_path / "one.lutetia", who=WHO)
    import_course(target, tmp_path / "one.lutetia", who=WHO)
    target.append([Event("course-opened", COURSE, WHO, "Open the course", case.cycles[0].administrations[0].start)])
    export_course(target, COURSE, tmp_path / "two.lutetia", who=WHO)
    third = MemoryStorage()
    import_course(third, tmp_path / "two.lutetia", who="C. Third")
    assert replayed(history_events(third, COURSE)) == replayed(history_events(source, COURSE))
    mine = [stored.event for stored in third.events(course_id=COURSE)][1:]
    assert [as_made(event).body() for event in mine] == list(bodies(target))
    twice = [as_made(as_made(event)) for event in mine if "original" in as_made(event).data]
    assert [event.body() for event in twice] == list(bodies(source))
    assert [event.kind for event in history_events(third, COURSE)] == [
        "course-imported",
        "course-imported",
        *(stored.event.kind for stored in source.events(course_id=COURSE)),
        "course-opened",
    ]


def test_that_an_export_is_in_the_audit_trail_and_disturbs_nobody(source: Storage, tmp_path: Path) -> None:
    before = next(iter(source.events(course_id=COURSE, newest_first=True)))
    stored = export_course(source, COURSE, tmp_path / "course.lutetia", who=WHO)
    content = (tmp_path / "course.lutetia").read_bytes()
    assert stored.event.kind == "course-exported"
    assert stored.event.who == WHO
    assert stored.event.data["course"] == COURSE
    assert stored.event.data["course_file_sha256"] == hashlib.sha256(content).hexdigest()
    assert source.head().digest == stored.digest
    assert next(iter(source.events(course_id=COURSE, newest_first=True))) == before
    if os.name != "nt":
        assert stat.S_IMODE((tmp_path / "course.lutetia").stat().st_mode) == 0o600


def test_that_the_same_course_at_the_same_head_is_the_same_file(case: Case, tmp_path: Path) -> None:
    for name in ("one", "two"):
        export_course(memory_with_course(case), COURSE, tmp_path / name, who=WHO)
        time.sleep(0.01)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_that_only_the_course_is_exported(source: Storage, tmp_path: Path, case: Case) -> None:
    keep_course(source, case, course="another")
    source.append(
        [Event("settings-changed", None, WHO, "Put", case.cycles[0].administrations[0].start)],
        objects={sha256_hex(b"secret"): b"secret"},
    )
    export_course(source, COURSE, tmp_path / "course.lutetia", who=WHO)
    with zipfile.ZipFile(tmp_path / "course.lutetia") as archive:
        assert f"objects/{sha256_hex(b'secret')}" not in archive.namelist()
        assert b"another" not in archive.read("events.jsonl")


# --- images -----------------------------------------------------------------------------------------------------------


def test_that_images_travel_along_and_are_read_from_the_copies(
    source: Storage, target: Storage, tmp_path: Path, case: Case
) -> None:
    file = tmp_path / "course.lutetia"
    export_course(source, COURSE, file, with_images=True, who=WHO)
    import_course(target, file, who=WHO)
    root = replayed(history_events(target, COURSE)).case
    assert root is not None
    away = Path(case.folder).rename(tmp_path / "away")
    try:
        images = read_images(image_references(root, target.get), target.folder)
    finally:
        away.rename(case.folder)
    assert same(
        CaseTree().decode(root, target.get, images),
        CaseTree().decode(root, source.get, images),
    )


def test_that_an_image_that_is_missing_stops_the_export_with_its_name(
    source: Storage, tmp_path: Path, case: Case
) -> None:
    file = Path(case.cycles[0].time_points[0].spect.source_files[0].path)
    head = source.head()
    file.rename(file.with_suffix(".away"))
    try:
        with pytest.raises(MissingDataError) as caught:
            export_course(source, COURSE, tmp_path / "course.lutetia", with_images=True, who=WHO)
    finally:
        file.with_suffix(".away").rename(file)
    assert caught.value.where == str(file)
    assert source.head() == head
    assert not list(tmp_path.glob("*lutetia*"))


def test_that_copied_in_images_are_exported_when_the_first_files_are_gone(
    source: Storage, target: Storage, tmp_path: Path, case: Case
) -> None:
    copy_in(image_files_of(case), source.folder)
    away = Path(case.folder).rename(tmp_path / "away")
    try:
        export_course(source, COURSE, tmp_path / "course.lutetia", with_images=True, who=WHO)
    finally:
        away.rename(case.folder)
    assert import_course(target, tmp_path / "course.lutetia", who=WHO) == COURSE


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_that_a_course_that_is_there_is_refused_and_nothing_changes(source: Storage, tmp_path: Path) -> None:
    export_course(source, COURSE, tmp_path / "course.lutetia", who=WHO)
    head = source.head()
    with pytest.raises(StoreError, match="in the store already"):
        import_course(source, tmp_path / "course.lutetia", who=WHO)
    assert source.head() == head


def test_that_an_unknown_course_is_not_exported(source: Storage, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no such course"):
        export_course(source, "unknown", tmp_path / "course.lutetia", who=WHO)
    assert not list(tmp_path.glob("*lutetia*"))


def test_that_a_store_for_reading_only_neither_exports_nor_imports(exported: Path, tmp_path: Path) -> None:
    storage = MemoryStorage(read_only=True)
    with pytest.raises(StoreError, match="reading only"):
        export_course(storage, COURSE, tmp_path / "course.lutetia", who=WHO)
    with pytest.raises(StoreError, match="reading only"):
        import_course(storage, exported, who=WHO)


def test_that_what_is_no_course_file_is_refused_in_words(tmp_path: Path) -> None:
    other = tmp_path / "other.lutetia"
    for content in (b"", b"PK", b"%PDF-1.7", os.urandom(5000)):
        other.write_bytes(content)
        with pytest.raises(CourseFileError, match="course file"):
            import_course(MemoryStorage(), other, who=WHO)
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("holiday.txt", b"sea")
    with pytest.raises(CourseFileError, match="no part of a course"):
        import_course(MemoryStorage(), other, who=WHO)
    with pytest.raises(CourseFileError, match="can't be read"):
        import_course(MemoryStorage(), tmp_path / "nothing.lutetia", who=WHO)


Entries = dict[str, bytes]


def rewritten(
    file: Path, target: Path, change: Callable[[Entries, dict[str, Any]], None], *, seal: bool = True
) -> Path:
    """The file with changed entries, under a manifest and a seal that fit them: the work of somebody who knows how."""
    with zipfile.ZipFile(file) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    del entries["seal"]
    manifest = parse_json(entries.pop("manifest.json"), where="manifest")
    change(entries, manifest)
    if "entries" in manifest:
        manifest["entries"] = [
            {"name": name, "sha256": sha256_hex(content), "size": len(content)} for name, content in entries.items()
        ]
    content = canonical_bytes(manifest)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, item in entries.items():
            archive.writestr(name, item)
        archive.writestr("manifest.json", content)
        archive.writestr("seal", sha256_hex(content) if seal else "0" * 64)
    return target


def with_body(number: int, change: Callable[[dict[str, Any]], None], *, chain: bool = True) -> Any:
    """A change of one event's body; with a digest that fits it, or with the old one."""

    def apply(entries: Entries, manifest: dict[str, Any]) -> None:
        lines = entries["events.jsonl"].split(b"\n")
        tree = parse_json(lines[number], where="")
        change(tree)
        lines[number] = canonical_bytes(tree)
        entries["events.jsonl"] = b"\n".join(lines)
        if chain:
            previous = manifest["events"][number]["previous"]
            for line, place in list(zip(lines, manifest["events"], strict=False))[number:]:
                place["previous"] = previous
                previous = place["digest"] = chained(previous, line)
            manifest["head"]["digest"] = previous

    return apply


def first_object(entries: Entries, begin: bytes) -> str:
    return next(name for name, content in entries.items() if content.startswith(begin) and name.startswith("objects/"))


def replace_object(begin: bytes, change: Callable[[bytes], bytes]) -> Any:
    def apply(entries: Entries, manifest: dict[str, Any]) -> None:
        name = first_object(entries, begin)
        content = change(entries.pop(name))
        entries[f"objects/{sha256_hex(content)}"] = content

    return apply


def drop(begin: bytes) -> Any:
    return lambda entries, manifest: entries.pop(first_object(entries, begin))


def put(name: str, content: bytes) -> Any:
    return lambda entries, manifest: entries.update({name: content})


def set_in(**values: Any) -> Any:
    return lambda entries, manifest: manifest.update(values)


FORGERIES: dict[str, Any] = {
    "event changed": with_body(2, lambda body: body.update(who="Somebody"), chain=False),
    "event of another course": with_body(2, lambda body: body.update(course="other")),
    "event of the store": with_body(2, lambda body: body.update(kind="store-restored")),
    "event of an unknown kind": with_body(2, lambda body: body.update(kind="foreseen")),
    "event without a field": with_body(2, lambda body: body.pop("why")),
    "event with another field": with_body(2, lambda body: body.update(colour="red")),
    "event that can't follow": with_body(2, lambda body: body["data"].update(position=7)),
    "event that names a case that is not there": with_body(2, lambda body: body.update(case="ab" * 32)),
    "case that is none": with_body(2, lambda body: body.update(case=sha256_hex(PLAN))),
    "object missing": drop(b'{"class":"Volume",'),
    "mask missing": drop(b'{"array"'),
    "plan missing": drop(b"%PDF"),
    "object in excess": put(f"objects/{sha256_hex(b'more')}", b"more"),
    "mask changed": replace_object(b'{"array"', lambda content: content[:-1] + b"\x07"),
    "path out of the folder": put("objects/../../../etc/passwd", b"x"),
    "absolute path": put("/etc/passwd", b"x"),
    "object under another name": put("objects/" + "ab" * 32, b"x"),
    "image in excess": put(f"images/{sha256_hex(b'more')}", b"more"),
    "images announced and not there": set_in(images=True),
    "newer format": set_in(format=2),
    "another kind of file": set_in(kind="recipe"),
    "no digest of the store": set_in(store="zero"),
    "no course": set_in(course="../a"),
    "number as text": set_in(head={"sequence": "1", "digest": "0" * 64}),
    "other head": lambda entries, manifest: manifest["head"].update(digest="ab" * 32),
    "head before the events": lambda entries, manifest: manifest["head"].update(sequence=2),
    "events out of order": lambda entries, manifest: manifest["events"][2].update(sequence=1),
    "an event less": lambda entries, manifest: manifest["events"].pop(),
    "no events": lambda entries, manifest: (entries.update({"events.jsonl": b""}), manifest.update(events=[])),
    "unknown field": set_in(events=[{"sequence": 1}]),
    "no entries": lambda entries, manifest: manifest.pop("entries"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_that_a_file_that_contradicts_itself_is_refused_and_nothing_is_kept(
    forgery: str, exported: Path, tmp_path: Path
) -> None:
    storage = MemoryStorage(MemoryStore(tmp_path / "store"))
    file = rewritten(exported, tmp_path / "forged.lutetia", FORGERIES[forgery])
    with pytest.raises(CourseFileError, match="nothing of it was kept") as caught:
        import_course(storage, file, who=WHO)
    assert caught.value.where == str(file)
    assert caught.value.remedy
    assert not storage.bodies
    assert not storage.objects
    assert not (tmp_path / "store").exists()


def test_that_a_file_put_together_again_without_a_change_is_taken(exported: Path, tmp_path: Path) -> None:
    storage = MemoryStorage()
    file = rewritten(exported, tmp_path / "again.lutetia", lambda entries, manifest: None)
    assert import_course(storage, file, who=WHO) == COURSE


def test_that_a_wrong_seal_is_refused(exported: Path, tmp_path: Path) -> None:
    file = rewritten(exported, tmp_path / "forged.lutetia", lambda entries, manifest: None, seal=False)
    with pytest.raises(CourseFileError, match="manifest is not what was written"):
        import_course(MemoryStorage(), file, who=WHO)


def test_that_a_bomb_is_not_unpacked(exported: Path, tmp_path: Path) -> None:
    """One entry that says it is small and unpacks to 100 MB."""
    file = tmp_path / "bomb.lutetia"
    content = bytes(100_000_000)
    name = f"objects/{sha256_hex(content)}"
    rewritten(exported, file, put(name, content))
    packed = bytearray(file.read_bytes())
    size = len(content).to_bytes(4, "little")
    assert packed.count(size) == 2
    file.write_bytes(packed.replace(size, (1000).to_bytes(4, "little")))
    assert file.stat().st_size < 1_000_000
    begin = time.perf_counter()
    with pytest.raises(CourseFileError):
        import_course(MemoryStorage(), file, who=WHO)
    assert time.perf_counter() - begin < 2.0


def test_that_an_entry_twice_is_refused(exported: Path, tmp_path: Path) -> None:
    file = shutil.copy(exported, tmp_path / "twice.lutetia")
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(file, "a") as archive:
        archive.writestr("events.jsonl", b"{}\n")
    with pytest.raises(CourseFileError, match="twice"):
        import_course(MemoryStorage(), file, who=WHO)


def flipped_or_cut(content: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.2:
        return content[: chance.randrange(len(content))]
    spoiled = bytearray(content)
    spoiled[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(spoiled)


def damaged_files_are_refused_or_unharmed(exported: Path, folder: Path, count: int) -> tuple[int, int]:
    """How many of so many damaged files were refused, and how many had the very same content after all."""
    whole = MemoryStorage()
    import_course(whole, exported, who=WHO)
    content, expected = exported.read_bytes(), kept(whole)
    file, chance, refused = folder / "damaged.lutetia", random.Random(177), 0
    for _ in range(count):
        file.write_bytes(flipped_or_cut(content, chance))
        storage = MemoryStorage()
        try:
            import_course(storage, file, who=WHO)
        except CourseFileError:
            refused += 1
            assert not storage.bodies
            assert not storage.objects
        else:
            assert kept(storage) == expected
    return refused, count - refused


def test_that_200_damaged_files_are_refused_or_without_effect(exported: Path, tmp_path: Path) -> None:
    refused, unharmed = damaged_files_are_refused_or_unharmed(exported, tmp_path, 200)
    assert refused > 100
    assert refused + unharmed == 200


@pytest.mark.long
def test_that_5000_damaged_files_are_refused_or_without_effect(exported: Path, tmp_path: Path) -> None:
    assert sum(damaged_files_are_refused_or_unharmed(exported, tmp_path, 5000)) == 5000


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["open", "fsync", "replace"])
def test_that_an_export_that_can_not_be_written_leaves_no_file(
    source: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    events = source.head().sequence
    real = getattr(os, act)

    def fail(*arguments: object, **options: object) -> object:
        if act == "fsync" or "course.lutetia" in str(arguments[0]):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **options)

    monkeypatch.setattr(os, act, fail)
    with pytest.raises(StoreError, match="No space left"):
        export_course(source, COURSE, tmp_path / "course.lutetia", who=WHO)
    monkeypatch.undo()
    assert not list(tmp_path.glob("*lutetia*"))
    assert source.head().sequence == events + (act == "replace")


def test_that_an_export_that_can_not_be_told_to_the_audit_trail_gives_no_file(
    source: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise StoreError("the disk is full", where="store")

    monkeypatch.setattr(source, "append", fail)
    with pytest.raises(StoreError, match="full"):
        export_course(source, COURSE, tmp_path / "course.lutetia", who=WHO)
    assert not list(tmp_path.glob("*lutetia*"))


def test_that_an_import_that_can_not_be_kept_leaves_no_image(
    source: Storage, target: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_course(source, COURSE, tmp_path / "course.lutetia", with_images=True, who=WHO)
    head = target.head()

    def fail(*arguments: object, **options: object) -> None:
        raise StoreError("the disk is full", where="store")

    with monkeypatch.context() as patch:
        patch.setattr(target, "append", fail)
        with pytest.raises(StoreError, match="full"):
            import_course(target, tmp_path / "course.lutetia", who=WHO)
    assert target.head() == head
    assert not [path for path in (target.folder / "images").rglob("*") if path.is_file()]
    import_course(target, tmp_path / "course.lutetia", who=WHO)
    assert [path for path in (target.folder / "images").rglob("*") if path.is_file()]


def test_that_export_and_import_can_be_stopped_without_a_trace(
    source: Storage, target: Storage, tmp_path: Path
) -> None:
    def stop_after(calls: int) -> Callable[[float, str], None]:
        left = iter(range(calls))

        def progress(fraction: float, message: str) -> None:
            if next(left, None) is None:
                raise Cancelled

        return progress

    heads = source.head(), target.head()
    for calls in (0, 1, 5):
        with pytest.raises(Cancelled):
            export_course(
                source, COURSE, tmp_path / "course.lutetia", with_images=True, who=WHO, progress=stop_after(calls)
            )
    assert not list(tmp_path.glob("*lutetia*"))
    export_course(source, COURSE, tmp_path / "course.lutetia", with_images=True, who=WHO)
    for calls in (0, 1, 8, 20):
        with pytest.raises(Cancelled):
            import_course(target, tmp_path / "course.lutetia", who=WHO, progress=stop_after(calls))
    assert source.head().sequence == heads[0].sequence + 1
    assert target.head() == heads[1]
    assert not [path for path in (target.folder / "images").rglob("*") if path.is_file()]


def test_that_progress_rises(source: Storage, target: Storage, tmp_path: Path) -> None:
    for act in (
        lambda report: export_course(source, COURSE, tmp_path / "c", with_images=True, who=WHO, progress=report),
        lambda report: import_course(target, tmp_path / "c", who=WHO, progress=report),
    ):
        fractions: list[float] = []
        act(lambda fraction, message, fractions=fractions: fractions.append(fraction))
        assert fractions == sorted(fractions)
        assert fractions[-1] == 1.0


def test_that_events_read_alike_before_and_after(source: Storage) -> None:
    for stored in source.events(course_id=COURSE):
        assert event_from_body(stored.event.body(), where="") == stored.event
        assert as_made(stored.event) is stored.event


def test_that_every_refusal_is_an_error_of_the_user(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(DosimetryError):
        import_course(MemoryStorage(), tmp_path, who=WHO)
