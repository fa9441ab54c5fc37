"""Log files and reports: nothing in them tells who a patient is, and they are private, dated in UTC and forgotten."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from app.operations.log_files import MOST_FILES, PrivateFiles, WithoutIdentity, forget_old
from app.operations.logs import Logs, earlier_crashes, log_error
from app.operations.without_identity import identifying_texts, identifying_words, without_identity
from app.problems import save_report
from dosimetry_core.case import Patient

PATIENTS = (
    Patient("PRRT-0417", "Nowak-Żółć^Łucja", "F", "Europe/Warsaw", date(1957, 3, 4)),
    Patient("00471123", "Müller^Jürgen^^Dr.", "M", "Europe/Berlin", date(1949, 12, 31)),
    Patient("У-77", "Иванова^Мария", "F", "Europe/Sofia", date(1961, 7, 9)),
    Patient("Α/2025/9", "Παπαδόπουλος^Γεώργιος", "M", "Europe/Athens", date(1938, 1, 2)),
    Patient("JP0009", "Yamada^Tarou=山田^太郎=やまだ^たろう", "M", "Asia/Tokyo", date(1970, 10, 11)),
    Patient("CN-5", "Wang^Xiaodong=王^小東", "M", "Asia/Shanghai", date(1955, 5, 5)),
    Patient("م-١٢", "قباني^لنزار", "M", "Europe/Vienna", date(1944, 8, 8)),
    Patient("HR-3", "Li^An", "F", "Europe/Zagreb", date(1980, 2, 29)),
)
# Said of nobody: patients of other folders, which are known to no list.
UNKNOWN_PATHS = (
    "/data/Kowalska Anna, 1950/cycle1/spect.dcm",
    "/mnt/pacs/KOWALSKA^ANNA/1.2.840.113619.2.55.3.604688119.969.1268061117.501/IM1",
    r"C:\Users\kowalska\Documents\Kowalska Anna\case.toml",
    r"\\server\share\Kowalska\x.dcm",
    "case-kowalska/cycle1/spect.dcm",
    "file:///home/kowalska/plan.pdf",
    "~kowalska/plan.pdf",
)


def planted(patient: Patient) -> Iterator[str]:
    """Everything of a patient that must be found nowhere."""
    assert patient.birth_date is not None
    yield patient.patient_id
    yield patient.name
    for part in re.split(r"[\^=,\s]+", patient.name):
        if part and part != "Dr.":
            yield part
            yield part.upper()
            yield unicodedata.normalize("NFD", part)
            if not part.isascii():
                yield part.encode("unicode_escape").decode()
                yield str(part.encode())[2:-1]
                yield quote(part)
    day = patient.birth_date
    yield from (f"{day:%d.%m.%y}", f"{day:%y%m%d}")
    yield from (day.isoformat(), f"{day:%Y%m%d}", f"{day:%d.%m.%Y}", f"{day:%d/%m/%Y}", f"{day:%d %B %Y}")


def found(text: str, word: str) -> bool:
    """Whether a word stands in a text; a short Latin one only where it stands alone."""
    if len(word) <= 3 and word.isascii():
        return re.search(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", text, re.IGNORECASE) is not None
    return word.lower() in text.lower()


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Logs]:
    made = Logs(tmp_path / "data", retention_days=90, to_terminal=False)
    for patient in PATIENTS:
        made.know(identifying_texts(patient))
    made.start()
    yield made
    made.stop()


def everything(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return "\n".join(f"{path.name}\n{path.read_text('utf-8')}" for path in files)


def test_that_the_search_for_planted_identifiers_finds_them_where_they_are(tmp_path: Path) -> None:
    logs = Logs(tmp_path, retention_days=90, to_terminal=False)  # told of no patient
    logs.start()
    for patient in PATIENTS:
        logging.getLogger("lutetia.test").warning("%s of %s", patient.name, patient.patient_id)
    logs.stop()
    text = everything(tmp_path)
    assert all(any(found(text, word) for word in planted(patient)) for patient in PATIENTS)


class Holder:
    """Something whose text is a patient, as a program would meet it by accident."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient

    def __repr__(self) -> str:
        return f"Holder({self.patient!r})"


def test_that_none_of_the_planted_identifiers_is_in_any_file(logs: Logs, tmp_path: Path) -> None:
    logger = logging.getLogger("lutetia.test")
    count = 0
    for patient in PATIENTS:
        for word in planted(patient):
            logger.warning("message with %s inside", word)
            logger.info("%s", {"name": word})
            logger.error(f"({word})/[{word}]_{word}_,{word};")
            count += 3
        logger.error("%r %s", patient, Holder(patient))
        logger.error("%s", str(patient.name).encode())
        try:
            try:
                raise KeyError(patient.patient_id)
            except KeyError as cause:
                raise ValueError(f"can't read {patient.name} born {patient.birth_date}\n{patient!r}") from cause
        except ValueError as error:
            log_error(error, f"step voi of {patient.patient_id}")
            save_report(error, logs.reports_folder, identifying=logs.identifying, doing=f"of {patient.patient_id}")
            thread = threading.Thread(target=_raises, args=(patient.name,), name=patient.name)
            thread.start()
            thread.join()
    for path in UNKNOWN_PATHS:
        logger.error("can't read %s: no such file", path)
        logger.error("can't read %r", path)
        logger.error("%s", FileNotFoundError(2, "No such file", path))
        try:
            Path(tmp_path, path.strip("/")).read_bytes()
        except (OSError, ValueError) as error:
            log_error(error, path)
    text = everything(tmp_path / "data")
    assert count > 200
    assert len(list(logs.reports_folder.glob("problem-*.txt"))) == len(PATIENTS)
    leaks = [word for patient in PATIENTS for word in planted(patient) if found(text, word)]
    assert leaks == []
    assert [word for word in ("kowalska", "anna", "1950", "604688119", str(tmp_path)) if word in text.lower()] == []


def _raises(text: str) -> None:
    raise RuntimeError(text)


def test_that_what_a_developer_needs_stays(logs: Logs) -> None:
    log_error(_raised(ValueError("fit of cycle 2, Kidney L: 3.25 MBq, 12 of 17 points, rate 9.61 counts/s/MBq")), "fit")
    logging.getLogger("lutetia").warning("read 3/4 of the limit; SQLite 3.54.1, 2.0e-3 Gy/GBq")
    text = everything(logs.logs_folder)
    for kept in (
        "ValueError",
        "cycle 2, Kidney L",
        "3.25 MBq",
        "9.61 counts/s/MBq",
        "operations/test_logs.py",
        "limit",
    ):
        assert kept in text
    assert "3/4 of the limit; SQLite 3.54.1, 2.0e-3 Gy/GBq" in text


def _raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


@pytest.mark.parametrize(
    "text",
    [
        "seen 1957-03-04",
        "seen 19570304",
        "seen 4.3.1957",
        "seen 04/03/1957",
        "seen 03/04/1957",
        "seen 4 March 1957",
        "seen 4. März 1957",
        "seen March 4, 1957",
        "seen 4-Mar-1957",
    ],
)
def test_that_dates_of_any_form_go(text: str) -> None:
    assert without_identity(text, ()) == "seen [date]"


@pytest.mark.parametrize("text", ["3.54.1", "1 of 4", "12.5.2", "2025", "20.30 Gy", "version 2026.1", "10/12/14 mm"])
def test_that_numbers_that_are_no_dates_stay(text: str) -> None:
    assert without_identity(text, ()) == text


@pytest.mark.parametrize(
    "text", ["kBq/mL", "and/or", "3/4", "counts/s/MBq", "Lu-177/Y-90", "1/s", "a: b; c", "Gy/(Bq·s)", "either / or"]
)
def test_that_slashes_of_units_and_words_are_no_paths(text: str) -> None:
    kept = without_identity(f"value in {text} here", ())
    assert kept == f"value in {text} here"


def test_that_a_uid_goes_and_a_version_stays() -> None:
    text = without_identity("series 1.2.840.10008.5.1.4.1.1.20 by pydicom 3.0.2", ())
    assert text == "series [uid] by pydicom 3.0.2"


def test_that_a_short_name_does_not_eat_other_words() -> None:
    words = identifying_words("7", "Li^An")
    assert without_identity("limit of an analysis by Li, AN_LI 17", words) == (
        "limit of [patient] analysis by [patient], [patient]_[patient] 17"
    )


def test_that_each_line_begins_with_the_utc_time_and_no_message_can_fake_one(logs: Logs) -> None:
    logging.getLogger("lutetia").warning("first\n2026-01-01T00:00:00.000Z error lutetia: second\x1b[2J\rthird")
    assert logs.path is not None
    lines = logs.path.read_text("utf-8").splitlines()
    stamp = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error|critical) [\w.]+: ")
    assert all(stamp.match(line) or line.startswith("    ") for line in lines)
    assert "\x1b" not in "".join(lines)
    assert stamp.match(lines[0])
    assert "start Lutetia" in lines[0]
    said = datetime.fromisoformat(lines[0].split(" ")[0])
    assert abs(datetime.now(UTC) - said) < timedelta(minutes=1)


def test_that_what_qt_says_is_cleaned_too(logs: Logs) -> None:
    from PySide6.QtCore import qInstallMessageHandler, qWarning

    before = qInstallMessageHandler(None)
    qInstallMessageHandler(before)
    logs.take_qt_messages()
    qWarning("cannot open /data/Nowak/x.png of PRRT-0417")
    logs.stop()
    text = everything(logs.logs_folder)
    assert "warning qt: default: cannot open [path]" in text
    assert "PRRT-0417" not in text
    after = qInstallMessageHandler(None)
    qInstallMessageHandler(after)
    assert after is before


def test_that_a_department_of_patients_does_not_slow_the_log(logs: Logs) -> None:
    for number in range(500):
        logs.know(identifying_words(f"LUT-{number:05d}", f"Family{number}^Given{number}", date(1950, 1, 1)))
    text = "fit of cycle 2, Kidney L: 3.25 MBq, 12 of 17 points " * 4
    begin = time.thread_time()
    for _ in range(20):
        assert without_identity(text, logs.identifying) == text
    # About 1 ms here; a log line is rare.
    assert (time.thread_time() - begin) / 20 < 0.02
    assert "Given77" not in without_identity("of GIVEN77 and lut-00077", logs.identifying)


def test_that_files_and_folders_are_private(logs: Logs) -> None:
    os.umask(os.umask(0o022))
    assert logs.logs_folder.stat().st_mode & 0o777 == 0o700
    assert logs.logs_folder.parent.stat().st_mode & 0o777 == 0o700
    for path in (*logs.logs_folder.iterdir(), *logs.reports_folder.iterdir()):
        assert path.stat().st_mode & 0o777 == 0o600


def test_that_stopping_puts_everything_back(tmp_path: Path) -> None:
    before = (logging.getLogger().level, list(logging.getLogger().handlers), sys.unraisablehook, threading.excepthook)
    logs = Logs(tmp_path, retention_days=1, to_terminal=True)
    logs.start()
    path = logs.path
    logs.stop()
    root = logging.getLogger()
    assert (root.level, list(root.handlers), sys.unraisablehook, threading.excepthook) == before
    assert path is not None
    assert "stop after" in path.read_text("utf-8").splitlines()[-1]
    assert list(logs.reports_folder.iterdir()) == []


def test_that_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    logs = Logs(tmp_path / "file", retention_days=1, to_terminal=False)
    (notice,) = logs.start()
    assert "no log is written" in notice
    logging.getLogger("lutetia").error("lost")
    logs.stop()


def test_that_a_file_goes_on_in_another_at_its_limit(tmp_path: Path) -> None:
    handler = PrivateFiles(tmp_path, datetime.now(UTC), file_bytes=1000)
    handler.setFormatter(WithoutIdentity(tuple))
    for number in range(100):
        handler.handle(logging.LogRecord("a", logging.INFO, "", 0, f"message {number:03d}", None, None))
    handler.close()
    files = list(tmp_path.iterdir())
    assert len(files) > 3
    assert max(path.stat().st_size for path in files) <= 1000
    text = "".join(path.read_text("utf-8") for path in files)
    assert all(f"message {number:03d}\n" in text for number in range(100))


def test_that_a_run_that_never_stops_talking_keeps_its_beginning_and_its_end(tmp_path: Path) -> None:
    handler = PrivateFiles(tmp_path, datetime.now(UTC), file_bytes=100)
    handler.setFormatter(WithoutIdentity(tuple))
    for number in range(500):
        handler.handle(logging.LogRecord("a", logging.INFO, "", 0, f"message {number:03d}", None, None))
    handler.close()
    assert len(list(tmp_path.iterdir())) == MOST_FILES + 1
    text = everything(tmp_path)
    assert "message 000" in text
    assert "message 499" in text


def test_that_old_files_go_and_strange_ones_stay(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    ages = {
        "lutetia-20260101T000000Z-77.log": 91,
        "lutetia-20260101T000000Z-77.1.log": 89,
        "problem-20260101T000000123456.txt": 91,
        "crash-20260101T000000Z-77.txt": 91,
        "notes.txt": 400,
    }
    for name, days in ages.items():
        (tmp_path / name).write_text("x" * 100)
        moment = (now - timedelta(days=days)).timestamp()
        os.utime(tmp_path / name, (moment, moment))
    assert forget_old(tmp_path, 90, now=now, most_bytes=10**6) == 3
    assert {path.name for path in tmp_path.iterdir()} == {"lutetia-20260101T000000Z-77.1.log", "notes.txt"}
    assert forget_old(tmp_path, 90, now=now, most_bytes=50) == 1


CRASH = """
import faulthandler, sys
from pathlib import Path
from app.operations.logs import Logs
logs = Logs(Path(sys.argv[1]), retention_days=9, to_terminal=False)
logs.know(["Nowak"])
logs.start()
Nowak = "Nowak"
faulthandler._sigsegv()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="ends otherwise on Windows")
def test_that_a_hard_crash_leaves_its_place_and_the_next_start_says_so(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", CRASH, str(tmp_path)], capture_output=True, check=False)
    assert ended.returncode != 0
    (report,) = (tmp_path / "reports").iterdir()
    assert report.stat().st_mode & 0o777 == 0o600
    assert "Segmentation fault" in report.read_text("utf-8")
    (told,) = earlier_crashes(tmp_path / "reports") or ("",)
    assert "crash" in told or 'File "<string>"' in report.read_text("utf-8")
    assert "Nowak" not in everything(tmp_path)


def test_that_an_empty_crash_file_of_an_ended_run_is_taken_away(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    for number in (int(ended.stdout), os.getpid()):
        (tmp_path / f"crash-20260101T000000Z-{number}.txt").write_text("")
    assert earlier_crashes(tmp_path) == ()
    assert [path.stem.rpartition("-")[2] for path in tmp_path.iterdir()] == [str(os.getpid())]
