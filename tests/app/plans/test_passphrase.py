"""A passphrase goes from the field into the key derivation and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.plans.identity import load_identity, new_identity
from app.plans.signature_form import SignatureForm
from app.problems import report_text
from dosimetry_core.errors import DosimetryError

SECRET = "tajne-Pąśl-92741"
WRONG = "błędne-Źdźb-31337"


@pytest.fixture(scope="module")
def identity_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("identity") / "me.p12"
    new_identity("A. Physicist", "physicist", path, SECRET)
    return path


def _raised(identity_file: Path) -> BaseException:
    try:
        load_identity(identity_file, WRONG)
    except DosimetryError as error:
        return error
    raise AssertionError


def _everything_in(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def _forms(secret: str) -> list[bytes]:
    """As it could be written: in the codings of text that the program, Qt and PKCS#12 use."""
    return [secret.encode(coding) for coding in ("utf-8", "utf-16-le", "utf-16-be", "unicode_escape")]


def test_that_neither_a_report_nor_a_message_repeats_a_passphrase(identity_file: Path) -> None:
    error = _raised(identity_file)
    told = report_text(error, doing="Sign the plan") + repr(error) + str(error)
    assert not [form for form in _forms(WRONG) if form in told.encode()]
    assert SECRET not in repr(load_identity(identity_file, SECRET))


def test_that_the_form_forgets_the_passphrase_at_once_and_has_no_history(qtbot: QtBot) -> None:
    form = SignatureForm("sign", "Sign", "Remark", "me.p12")
    qtbot.addWidget(form)
    form.passphrase.setText(SECRET)
    sent: list[tuple[str, ...]] = []
    form.submitted.connect(lambda *values: sent.append(values))
    form.button.click()
    assert sent == [("me.p12", SECRET, "")]
    assert form.passphrase.text() == ""
    form.passphrase.undo()
    assert form.passphrase.text() == ""
    assert form.passphrase.completer() is None


def _command(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = os.environ | {
        "LUTETIA_DATA": str(tmp_path / "data"), "HOME": str(tmp_path / "home"), "LUTETIA_TRACEBACK": "1",
        "XDG_CONFIG_HOME": str(tmp_path / "home"), "XDG_DATA_HOME": str(tmp_path / "home"), "PYTHONUTF8": "1",
    }  # fmt: skip
    (tmp_path / "home").mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments], env=environment, capture_output=True, check=False, cwd=os.getcwd()
    )


def test_that_no_command_takes_a_passphrase_as_an_argument(tmp_path: Path) -> None:
    """A list of processes shows arguments to every user of a computer."""
    for command in (["plan"], ["approve"], ["identity", "new"]):
        told = _command(tmp_path, *command, "--help").stdout.decode()
        options = [word for line in told.splitlines() for word in line.split() if word.startswith("--pass")]
        assert {option.strip("[],") for option in options} == {"--passphrase-file"}


def test_that_a_failing_command_leaves_the_passphrase_nowhere(tmp_path: Path, identity_file: Path) -> None:
    (tmp_path / "kept").mkdir()
    secret = tmp_path / "kept" / "pass.txt"
    secret.write_text(WRONG + "\n", "utf-8")
    (tmp_path / "plan.pdf").write_bytes(b"%PDF-1.7\n")
    done = _command(
        tmp_path, "approve", str(tmp_path / "plan.pdf"), "--sign", str(identity_file), "--passphrase-file", str(secret),
        "--out", str(tmp_path / "out.pdf"),
    )  # fmt: skip
    assert done.returncode == 2
    secret.unlink()
    left = done.stdout + done.stderr + _everything_in(tmp_path)
    assert b"passphrase is wrong" in done.stderr
    assert not [form for form in _forms(WRONG) if form in left]


_CRASH = """
import faulthandler, logging, resource, sys
from pathlib import Path
from app.operations.logs import Logs, log_error
from app.plans.open_identity import open_identity

folder, identity, secret, wrong = Path(sys.argv[1]), Path(sys.argv[2]), *sys.stdin.read().split()
Logs(folder, retention_days=9).start()
logging.getLogger("lutetia").setLevel(logging.DEBUG)
try:
    open_identity(identity, wrong)
except Exception as error:
    log_error(error, "Sign the plan")
held = open_identity(identity, secret)
try:
    held.signing(None)
except Exception as error:
    log_error(error, "Sign the plan")
print(resource.getrlimit(resource.RLIMIT_CORE)[0], flush=True)
faulthandler._sigsegv()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals and core files are those of POSIX")
def test_that_a_crash_while_an_identity_is_open_leaves_the_passphrase_nowhere(
    tmp_path: Path, identity_file: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", _CRASH, str(tmp_path / "data"), str(identity_file)],
        input=f"{SECRET} {WRONG}".encode(), capture_output=True, check=False,
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert done.returncode < 0, done.stderr.decode()
    assert done.stdout.split()[-1] == b"0"  # no core file
    left = done.stdout + done.stderr + _everything_in(tmp_path)
    assert b"passphrase is wrong" in left
    assert b"open_identity" in left or b"Segmentation fault" in left
    assert not [form for word in (SECRET, WRONG) for form in _forms(word) if form in left]
