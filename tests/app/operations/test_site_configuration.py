from __future__ import annotations

import io
import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from app.operations.data_folder import data_folder, located_data_folder, make_private
from app.operations.said_by import said_by
from app.operations.site_configuration import KEYS, SiteConfiguration, read_site_configuration
from dosimetry_core.data_tables import resource
from dosimetry_core.errors import DosimetryError, MissingDataError

WHOLE = """\
format = 1
# a comment
data_folder = "/data/lutetia"
anchor_file = "/share/anchors/{user}.anchor"
copy_images = true
ask_again_after_min = 10
log_retention_days = 30
backup_folder = "/share/backups"
backup_after_days = 2
institution = "Klinika Medycyny Nuklearnej"
signing_authority = "/etc/lutetia/authority.pem"
revoked_certificates = "/etc/lutetia/authority.crl"
time_stamp_url = "http://tsa.hospital.example/stamp"
time_stamp_certificate = "/etc/lutetia/tsa.pem"
token_library = "/usr/lib/softhsm/libsofthsm2.so"
reading_memory_mb = 3072
reading_seconds_per_file = 30
reading_largest_file_mb = 700
cohort_cluster = "tcp://scheduler.hospital.example:8786"
"""


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LUTETIA_DATA", "LUTETIA_SITE_CONFIGURATION", "LUTETIA_BY"):
        monkeypatch.delenv(name, raising=False)


def written(folder: Path, text: str) -> Path:
    path = folder / "site.toml"
    path.write_text(text, "utf-8")
    return path


def test_that_every_value_is_read_and_says_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "nowak")
    path = written(tmp_path, WHOLE)
    configuration = read_site_configuration(path)
    assert configuration.data_folder == Path("/data/lutetia")
    assert configuration.anchor_file == Path("/share/anchors/nowak.anchor")
    assert configuration.copy_images
    assert configuration.ask_again_after_min == 10
    assert configuration.institution == "Klinika Medycyny Nuklearnej"
    lines = WHOLE.splitlines()
    for key in KEYS:
        number = next(n for n, line in enumerate(lines, start=1) if line.startswith(key))
        assert configuration.source(key) == f"{path}, line {number}"
    assert f"backup_after_days: 2 ({path}, line 9)" in configuration.text


def test_that_without_a_file_everything_is_built_in() -> None:
    configuration = SiteConfiguration()
    assert configuration.text.count("(built in)") == len(KEYS)
    assert "data_folder: not set" in configuration.text


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("format = 1\nbackup_foldr = '/x'\n", "line 2, backup_foldr", "backup_folder"),
        ("format = 1\n\nlog_retention_days = 0\n", "line 3, log_retention_days", "from 1"),
        ("format = 1\nlog_retention_days = 36501\n", "line 2, log_retention_days", "at most"),
        ("format = 1\nreading_memory_mb = 1000\n", "line 2, reading_memory_mb", "1024"),
        ("format = 1\nreading_seconds_per_file = 3601\n", "line 2, reading_seconds_per_file", "at most 3600"),
        ("format = 1\ncopy_images = 'yes'\n", "line 2, copy_images", "true or false"),
        ("format = 1\ndata_folder = 'lutetia'\n", "line 2, data_folder", "absolute"),
        ("format = 1\ndata_folder = '/data/{usr}'\n", "line 2, data_folder", "{usr}"),
        ("format = 1\ninstitution = ''\n", "line 2, institution", "text"),
        ("format = 2\n", "line 1, format", "newer version"),
        ("copy_images = true\n", "format", "missing"),
        ("format = 1\n[backup]\nafter_days = 1\n", "line 2, backup", "unknown key"),
        ("format = 1\ncopy_images = yes\n", "site.toml", "line 2"),
    ],
)
def test_that_a_wrong_file_is_refused_with_line_and_key(text: str, place: str, word: str, tmp_path: Path) -> None:
    with pytest.raises(DosimetryError) as caught:
        read_site_configuration(written(tmp_path, text))
    assert place in caught.value.line()
    assert word in caught.value.line()


def test_that_all_faults_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(DosimetryError) as caught:
        read_site_configuration(written(tmp_path, "format = 1\ncopy_images = 1\nbackup_after_days = -1\nx = 1\n"))
    assert len(caught.value.line().splitlines()) == 3


def test_that_a_named_file_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUTETIA_SITE_CONFIGURATION", str(tmp_path / "none.toml"))
    with pytest.raises(MissingDataError):
        read_site_configuration()


def test_that_the_schema_says_what_the_reader_says(tmp_path: Path) -> None:
    schema = json.loads(resource("schemas", "site.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    assert set(schema["properties"]) == {"format", *KEYS}
    validator = Draft202012Validator(schema)
    validator.validate(tomllib.loads(WHOLE))
    built_in = SiteConfiguration()
    for key, entry in schema["properties"].items():
        if "default" in entry:
            assert getattr(built_in, key) == entry["default"]
    for text in (
        "format = 2",
        "format = 1\nx = 1",
        "format = 1\ndata_folder = 'lutetia'",
        "format = 1\ncopy_images = 1",
    ):
        assert not validator.is_valid(tomllib.loads(text))
        with pytest.raises(DosimetryError):
            read_site_configuration(written(tmp_path, text))


def test_that_the_order_is_option_environment_site_and_own_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "own"))
    site = written(tmp_path, f"format = 1\ndata_folder = {str(tmp_path / 'site')!r}\n")
    monkeypatch.setenv("LUTETIA_SITE_CONFIGURATION", str(site))
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path / "environment"))
    assert data_folder(tmp_path / "option") == tmp_path / "option"
    assert data_folder() == tmp_path / "environment"
    monkeypatch.delenv("LUTETIA_DATA")
    assert data_folder() == tmp_path / "site"
    assert located_data_folder().source == f"{site}, line 2"
    site.write_text("format = 1\n", "utf-8")
    own = data_folder()
    assert own not in (tmp_path / "site", tmp_path / "environment")
    assert own.name == "lutetia"


def test_that_looking_for_the_folder_makes_nothing_and_making_it_is_private(tmp_path: Path) -> None:
    folder = data_folder(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    make_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").write_text("", "utf-8")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DosimetryError):
            make_private(place)


def test_that_the_person_is_said_and_never_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(MissingDataError, match="--by NAME"):
        said_by(None)
    monkeypatch.setenv("LUTETIA_BY", "nightly  backup")
    assert said_by(None) == "nightly backup"
    assert said_by("Łucja Nowak") == "Łucja Nowak"
    for empty in ("", "  ", "a\x07b"):
        with pytest.raises(MissingDataError):
            said_by(empty)


def test_that_a_person_at_a_terminal_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("  A.  Nowak \n"))
    assert said_by(None) == "A. Nowak"
    captured = capsys.readouterr()
    assert captured.err == "Who is working? "
    assert captured.out == ""
    monkeypatch.setattr("sys.stdin", Terminal("\n"))
    with pytest.raises(MissingDataError):
        said_by(None)
