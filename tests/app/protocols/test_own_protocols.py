from __future__ import annotations

import hashlib
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli import main
from app.protocols.own_protocols import changed_since, own_protocols, read_own, save_own
from dosimetry_core.data_tables import table_bytes
from dosimetry_core.errors import DosimetryError
from dosimetry_core.planning.protocol import read_protocol

ARM_B = table_bytes("protocols", "duonen-b.toml").decode()
OURS = ARM_B.replace('name = "duonen-b"', 'name = "ours"').replace("kidneys_total_gy = 23.0", "kidneys_total_gy = 20.0")
WHEN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def _saved(folder: Path, text: str = OURS, why: str = "Board of 20 Nov") -> Path:
    return save_own(text, folder, who="A. Nowak, physicist", why=why, now=WHEN).path


def test_that_an_own_protocol_is_kept_with_who_when_and_why(tmp_path: Path) -> None:
    assert own_protocols(tmp_path) == ()
    path = _saved(tmp_path)
    (own,) = own_protocols(tmp_path)
    assert (own.name, own.saved_by, own.why) == ("ours", "A. Nowak, physicist", "Board of 20 Nov")
    assert own.saved_at == "2026-11-21T09:30:00+00:00"
    assert own.checked.protocol is not None
    assert own.checked.protocol.limits_gy["kidneys"] == 20.0
    assert own.checked.protocol.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_protocol(str(path)) == own.checked.protocol
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600


def test_that_an_earlier_version_is_kept_and_its_digest_told_apart(tmp_path: Path) -> None:
    path = _saved(tmp_path)
    before = read_own(path)
    _saved(tmp_path, before.text.replace("20.0", "19.0"), "Review")
    now = read_own(path)
    assert (now.why, now.text.count("# Saved")) == ("Review", 1)
    (kept,) = (tmp_path / "protocols" / "earlier").iterdir()
    assert kept.read_text("utf-8") == before.text
    assert before.checked.protocol is not None
    assert changed_since(before.checked.protocol, path) == now
    assert now.checked.protocol is not None
    assert changed_since(now.checked.protocol, path) is None


@pytest.mark.parametrize(
    ("text", "who", "why", "words"),
    [
        (OURS, "", "x", "who saves it"),
        (OURS, "A. Nowak", " ", "why"),
        (OURS.replace("20.0", "-20.0"), "A. Nowak", "x", r"line 25"),
        (ARM_B, "A. Nowak", "x", "comes with the program"),
        (OURS.replace('"ours"', '"../ours"'), "A. Nowak", "x", "can't be the name of a file"),
        (OURS.replace('"ours"', '"Our own"'), "A. Nowak", "x", "can't be the name of a file"),
    ],
)
def test_that_what_should_not_be_kept_is_refused_and_nothing_written(
    tmp_path: Path, text: str, who: str, why: str, words: str
) -> None:
    with pytest.raises(DosimetryError, match=words):
        save_own(text, tmp_path, who=who, why=why)
    assert not list(tmp_path.rglob("*.toml"))


def test_that_the_command_lists_checks_and_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path))
    path = _saved(tmp_path)
    assert main(["protocols", "list"]) == 0
    told = capsys.readouterr().out
    assert "duonen-d: DUONEN arm D" in told
    assert "saved by A. Nowak, physicist at 2026-11-21T09:30:00+00:00: Board of 20 Nov" in told
    assert main(["protocols", "check", str(path)]) == 0
    told = capsys.readouterr().out
    assert "⁹⁰Y (GBq): " in told
    assert "Limited by: " in told
    faulty = tmp_path / "faulty.toml"
    faulty.write_text(OURS.replace('"latest"', '"latets"'), "utf-8")
    assert main(["protocols", "check", str(faulty)]) == 2
    assert "faulty.toml, line 31, [planning], predictor" in capsys.readouterr().err
    assert main(["protocols", "show", "duonen-b"]) == 0
    assert capsys.readouterr().out == ARM_B
    assert main(["protocols", "show", "duonen-x"]) == 2
    assert main(["protocols", "check", str(tmp_path / "none.toml")]) == 2
