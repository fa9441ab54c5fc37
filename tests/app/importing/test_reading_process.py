"""The reading process: gives what reading in this process gives, and nothing that happens to it happens to us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.importing import array_files
from app.importing.array_files import ArrayFolder, ArraysWritten
from app.importing.child_process import ReadingFaultError
from app.importing.files_read import read_cycle
from app.importing.kept_values import PhantomImage
from app.importing.limits import ImportLimits
from app.importing.reading_process import ReadingProcess
from app.importing.tasks import CHECK_FOLDER, KEPT_IMAGES, READ_PHANTOM, TASKS
from app.operations.logs import Logs
from app.operations.site_configuration import SiteConfiguration
from app.store.case_tree import CaseTree, image_references
from app.store.images import read_images
from dosimetry_core.case import Cycle
from dosimetry_core.case_file import read_case
from dosimetry_core.dicom.check import check_folder
from dosimetry_core.dicom.check_entries import CheckEntry
from dosimetry_core.errors import DicomReadError, DosimetryError, InputProblems, MissingDataError
from dosimetry_core.pipeline import import_case
from dosimetry_core.progress import Cancelled
from tests.app.importing import hostile_reader
from tests.phantoms import CT_GRID, SPECT_GRID, counts_like, ct_series, nm_file
from tests.small_study import write_small_case

ROOT = Path(__file__).parents[3]
ZONE = "Europe/Warsaw"
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")


@pytest.fixture(scope="module")
def process() -> Iterator[ReadingProcess]:
    running = ReadingProcess()
    yield running
    running.close()


@pytest.fixture(scope="module")
def hostile() -> Iterator[ReadingProcess]:
    # Three seconds are long for a file of 5 kB, also on a busy computer.
    running = ReadingProcess(ImportLimits(seconds_per_file=3.0, refused_files=3), begin=hostile_reader.BEGIN)
    yield running
    running.close()


@pytest.fixture(scope="module")
def case_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_case(tmp_path_factory.mktemp("case"))


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    nm_file(folder / "spect.dcm", counts_like(SPECT_GRID))
    ct_series(folder / "ct", counts_like(CT_GRID))
    return folder


def _checked(process: ReadingProcess, folder: Path) -> list[CheckEntry]:
    return list(process.ask(CHECK_FOLDER, str(folder), ZONE, places=[folder]))


def _errors(entries: list[CheckEntry]) -> list[tuple[str, str]]:
    return [(entry.path, remark.text) for entry in entries for remark in entry.findings if remark.level == "error"]


def test_that_a_cycle_read_in_the_process_equals_one_read_here(process: ReadingProcess, case_folder: Path) -> None:
    case = read_case(case_folder)
    shown: list[Cycle] = []
    there = read_cycle(case, case.cycles[0], show=shown.append, process=process)
    first, images = shown
    assert [point.spect.volume for point in first.time_points] == [there.time_points[0].spect.volume]
    assert [point.spect for point in images.time_points] == [point.spect for point in there.time_points]
    assert (images.vois, images.reference_time_point) == ((), 0)
    here = import_case(case).cycles[0]
    assert len(there.time_points) == len(here.time_points) == 4
    for one, other in zip(there.time_points, here.time_points, strict=True):
        for a, b in ((one.spect, other.spect), (one.ct, other.ct)):
            assert np.array_equal(a.volume.values, b.volume.values)
            assert a.volume.values.dtype == b.volume.values.dtype
            assert not a.volume.values.flags.writeable
            assert np.array_equal(a.volume.geometry.directions, b.volume.geometry.directions)
            assert (a.acquisition_start, a.source_files, a.findings) == (
                b.acquisition_start,
                b.source_files,
                b.findings,
            )
    assert [(v.voi_id, v.name, v.role, v.source) for v in there.vois] == [
        (v.voi_id, v.name, v.role, v.source) for v in here.vois
    ]
    for one, other in zip(there.vois, here.vois, strict=True):
        assert np.array_equal(one.mask.coverage, other.mask.coverage)
    assert (there.voi_files, there.import_findings) == (here.voi_files, here.import_findings)


def test_that_images_of_a_kept_course_come_with_their_digests(process: ReadingProcess, case_folder: Path) -> None:
    encoded = CaseTree().encode(import_case(read_case(case_folder)))
    references = image_references(encoded.root, encoded.objects.__getitem__)
    kept = process.ask(KEPT_IMAGES, references, str(case_folder), (), places=[case_folder])
    expected = read_images(references, case_folder)
    assert {image.digest for image in kept} == expected.keys()
    assert all(np.array_equal(image.values, expected[image.digest]) for image in kept)


def test_that_a_folder_is_checked_as_in_this_process(process: ReadingProcess, images: Path) -> None:
    (images / "letter.pdf").write_bytes(b"%PDF-1.7 " + bytes(500))
    assert _checked(process, images) == check_folder(images, time_zone=ZONE)


def test_that_every_problem_comes_back_with_its_kind_place_and_remedy(process: ReadingProcess, tmp_path: Path) -> None:
    folder = write_small_case(tmp_path / "case")
    for name in ("visit1/spect.dcm", "visit2/spect.dcm"):
        path = folder / "images" / name
        path.write_bytes(path.read_bytes()[:-500])
    case = read_case(folder)
    with pytest.raises(InputProblems) as there:
        read_cycle(case, case.cycles[0], process=process)
    with pytest.raises(InputProblems) as here:
        import_case(case)
    assert there.value.line() == here.value.line()
    assert [type(p) for p in there.value.problems] == [type(p) for p in here.value.problems]


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("crash", "ended the reading process"),
        ("exit", "ended the reading process (status 3)"),
        ("hang", "took longer than 3 s to read"),
        ("greedy", "needs more memory than"),
        ("odd", "the program met a fault of its own when it read this (ZeroDivisionError: a mistake in the reader)"),
    ],
)
def test_that_a_file_that_breaks_the_reader_is_named_and_the_rest_is_read(
    hostile: ReadingProcess, images: Path, deed: str, said: str
) -> None:
    bad = images / "ct" / f"{deed}.dcm"
    bad.write_bytes((images / "spect.dcm").read_bytes())
    entries = _checked(hostile, images)
    assert [(path, text) for path, text in _errors(entries) if said in text] == [(str(bad), _errors(entries)[0][1])]
    assert {entry.what for entry in entries} >= {"SPECT", "CT"}


def test_that_a_file_that_breaks_the_reader_refuses_an_import_by_its_name(
    hostile: ReadingProcess, tmp_path: Path
) -> None:
    folder = write_small_case(tmp_path / "case")
    bad = folder / "images/visit2/crash.dcm"
    bad.write_bytes((folder / "images/visit2/spect.dcm").read_bytes())
    case = read_case(folder)
    with pytest.raises(DicomReadError) as caught:
        read_cycle(case, case.cycles[0], process=hostile)
    assert caught.value.where == str(bad)
    assert caught.value.remedy


def test_that_the_department_bounds_memory_time_and_size(images: Path) -> None:
    configuration = SiteConfiguration(
        reading_memory_mb=2048, reading_seconds_per_file=30, reading_largest_file_mb=1, institution="Klinik"
    )
    limits = ImportLimits.of_site(configuration)
    assert (limits.memory_bytes, limits.seconds_per_file, limits.largest_file_bytes) == (2**31, 30.0, 2**20)
    with (images / "ct" / "large.dcm").open("wb") as file:
        file.truncate(2**20 + 1)
    reader = ReadingProcess(limits)
    try:
        (error,) = _errors(_checked(reader, images))
    finally:
        reader.close()
    assert error == (str(images / "ct" / "large.dcm"), "is larger than 1 MiB")


def test_that_what_the_department_leaves_out_is_built_in() -> None:
    assert ImportLimits.of_site(SiteConfiguration()) == ImportLimits()


def test_that_a_fault_of_the_program_is_not_blamed_on_files(hostile: ReadingProcess, tmp_path: Path) -> None:
    folder = tmp_path / "fault"
    nm_file(folder / "spect.dcm", counts_like(SPECT_GRID))
    started = hostile.record.started
    with pytest.raises(ReadingFaultError, match="a mistake between the files") as caught:
        _checked(hostile, folder)
    assert not isinstance(caught.value, DosimetryError)
    assert "test_reading_process" not in str(caught.value)
    assert hostile.record.started <= max(1, started)
    assert "hostile_reader" in hostile.record.traces[-1]


def test_that_a_fault_over_one_file_names_the_log(
    hostile: ReadingProcess, images: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    logs = Logs(tmp_path / "data", retention_days=1, to_terminal=False)
    logs.start()
    request.addfinalizer(logs.stop)
    (images / "ct" / "odd.dcm").write_bytes((images / "spect.dcm").read_bytes())
    remarks = [remark for entry in _checked(hostile, images) for remark in entry.findings]
    (fault,) = [remark for remark in remarks if "a fault of its own" in remark.text]
    assert logs.path is not None
    assert str(logs.path) in fault.remedy
    assert "need not be damaged" in fault.remedy
    assert "ZeroDivisionError" in logs.path.read_text("utf-8")


def test_that_a_folder_of_files_that_break_the_reader_is_given_up(hostile: ReadingProcess, tmp_path: Path) -> None:
    for number in range(hostile.limits.refused_files + 1):
        (tmp_path / f"exit {number:02d}.dcm").write_bytes(b"\0" * 128 + b"DICM")
    with pytest.raises(DicomReadError, match="so did 3 files before"):
        _checked(hostile, tmp_path)


def test_that_the_reader_can_write_and_look_nowhere_else(hostile: ReadingProcess, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    nm_file(folder / "spect.dcm", counts_like(SPECT_GRID))
    target = tmp_path / "out.txt"
    deeds = (f"writer {str(target).replace('/', '=')}", "curious", "caller")
    for deed in deeds:
        (folder / deed).write_bytes((folder / "spect.dcm").read_bytes())
    hostile.record.refused.clear()
    entries = _checked(hostile, folder)
    assert not target.exists()
    assert {event for event, _ in hostile.record.refused} == {"open", "socket.connect"}
    assert {Path(path).name for path, _ in _errors(entries)} >= set(deeds[:2])


@POSIX
def test_that_a_process_killed_in_between_is_replaced(process: ReadingProcess, images: Path) -> None:
    before = _checked(process, images)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    assert _checked(process, images) == before


def test_that_a_cancel_stops_a_reader_that_does_not_listen_within_a_second(images: Path) -> None:
    (images / "hang.dcm").write_bytes((images / "spect.dcm").read_bytes())
    process = ReadingProcess(begin=hostile_reader.BEGIN)
    _checked(process, images / "ct")  # started
    stop = threading.Event()
    asked_at = 0.0

    def progress(fraction: float, message: str) -> None:
        if stop.is_set():
            raise Cancelled

    def ask_to_stop() -> None:
        nonlocal asked_at
        asked_at = time.monotonic()
        stop.set()

    timer = threading.Timer(1.0, ask_to_stop)
    timer.start()
    with pytest.raises(Cancelled):
        process.ask(CHECK_FOLDER, str(images), ZONE, places=[images], progress=progress)
    assert time.monotonic() - asked_at < 1.0
    assert process.pid is None
    process.close()


@POSIX
def test_that_nothing_is_left_when_the_program_is_killed_while_a_file_is_read(images: Path, tmp_path: Path) -> None:
    (images / "hang.dcm").write_bytes((images / "spect.dcm").read_bytes())
    program = f"""
import os, sys, threading, time
from pathlib import Path
from app.importing.reading_process import ReadingProcess
from app.importing.tasks import CHECK_FOLDER
from tests.app.importing import hostile_reader
process = ReadingProcess(begin=hostile_reader.BEGIN)
began = threading.Event()
def progress(fraction, message):
    if process._child is not None and process._child._is_ready and not began.is_set():
        began.set()
        print(process.pid, process._child._folder.path, flush=True)
process.ask(CHECK_FOLDER, {str(images)!r}, "UTC", places=[{str(images)!r}], progress=progress)
"""
    running = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    pid_text, folder = running.stdout.readline().split()
    running.kill()
    running.wait()
    running.stdout.close()
    until = time.monotonic() + 10.0
    while (Path(folder).exists() or _is_alive(int(pid_text))) and time.monotonic() < until:
        time.sleep(0.02)
    assert not Path(folder).exists()
    assert not _is_alive(int(pid_text))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    # Nobody may wait for an orphan in a container: then it stays as a zombie.
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def test_that_a_folder_of_a_killed_program_is_removed_by_the_next_one(tmp_path: Path) -> None:
    first = ArrayFolder(tmp_path)
    (first.path / "0.array").write_bytes(b"left")
    second = ArrayFolder(tmp_path)
    assert first.path.exists()  # still held
    first._lock.give_back()  # what the system does when a process ends
    third = ArrayFolder(tmp_path)
    assert not first.path.exists()
    assert second.path.exists()
    second.close()
    third.close()
    assert list(tmp_path.iterdir()) == []


def test_that_no_file_is_left_of_arrays_that_came(process: ReadingProcess, case_folder: Path) -> None:
    case = read_case(case_folder)
    cycle = read_cycle(case, case.cycles[0], process=process)
    assert process._child is not None
    if os.name == "posix":
        assert [path.name for path in process._child._folder.path.iterdir()] == ["in-use"]
    assert float(cycle.time_points[0].spect.volume.values.sum()) > 0


def test_that_an_image_made_in_a_room_of_the_folder_is_described_without_being_copied(tmp_path: Path) -> None:
    folder = ArrayFolder(tmp_path)
    written = ArraysWritten(folder.path)
    values = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    room = written.room(values.shape, values.dtype)
    for number in (1, 0):
        room.put(number, values[number])
    filled = room.filled()
    described = written.write(filled)
    assert len(list(folder.path.glob("*.array"))) == 1
    came = folder.array(described)
    assert np.array_equal(came, values)
    assert not came.flags.writeable
    # Described once more in the same request it is the same, and nothing is written; in the next it is unknown.
    assert written.write(filled) == described
    assert folder.array(described) is came
    with pytest.raises(ValueError, match="that is now of"):
        folder.array([*described[:2], [4, 3, 2]])
    folder.forget()
    with pytest.raises(FileNotFoundError):
        folder.array(described)
    folder.close()


def test_that_a_phantom_is_read_in_the_process_and_a_damaged_one_is_refused(
    process: ReadingProcess, images: Path
) -> None:
    read: PhantomImage = process.ask(READ_PHANTOM, str(images), ZONE, places=[images])
    assert np.array_equal(read.series.volume.values, counts_like(SPECT_GRID))
    (images / "spect.dcm").write_bytes((images / "spect.dcm").read_bytes()[:-500])
    with pytest.raises(DosimetryError, match="bytes of pixels"):
        process.ask(READ_PHANTOM, str(images), ZONE, places=[images])


def test_that_only_tasks_that_give_images_make_them_in_the_folder() -> None:
    assert {name for name, task in TASKS.items() if task.gives_images} == {
        "read-cycle",
        "kept-images",
        "read-dose",
        "read-phantom",
        "read-receptor",
    }


def test_that_images_that_are_not_answered_with_leave_no_file(tmp_path: Path) -> None:
    folder = ArrayFolder(tmp_path)
    written = ArraysWritten(folder.path)
    room = written.room((2, 3, 4), np.dtype(np.int16))
    room.put(0, np.ones((3, 4), np.int16))
    turned = written.room((1, 3, 4), np.dtype(np.int16))
    turned.put(0, np.ones((3, 4), np.int16))
    described = written.write(turned.filled()[:, ::-1])  # another order of the values is another array
    written.forget()
    assert [path.name for path in folder.path.glob("*.array")] == [f"{described[0]}.array"]
    folder.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_that_a_full_folder_is_said_in_words(tmp_path: Path) -> None:
    with open("/dev/full", "r+b", buffering=0) as full, pytest.raises(MissingDataError, match="no room left"):
        array_files._write_all(full, memoryview(b"1234"))
