"""DICOMweb against a service in this process that can refuse, be busy, freeze and break off."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from app.cli import main
from app.network.commitment import committed
from app.network.errors import NetworkError
from app.network.kept_files import dataset_digest
from app.network.link import echo
from app.network.nodes import NetworkSettings, Node, read_network_settings, write_network_settings
from app.network.query import find_instances, find_series, find_studies
from app.network.retrieve import retrieve_series
from app.network.send import Ledger, send_files
from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.progress import Cancelled
from tests.app.network.web_peer import WebPeer

SETTINGS = NetworkSettings(connect_s=5.0, answer_s=5.0)


@pytest.fixture
def peer() -> Iterator[WebPeer]:
    one = WebPeer()
    yield one
    one.stop()


@pytest.fixture
def full(peer: WebPeer, series: list[Path]) -> WebPeer:
    peer.held = {pydicom.dcmread(path).SOPInstanceUID: path.read_bytes() for path in series}
    return peer


def uids(paths: list[Path]) -> tuple[str, str]:
    first = pydicom.dcmread(paths[0])
    return first.StudyInstanceUID, first.SeriesInstanceUID


def same_objects(folder: Path, sent: list[Path]) -> bool:
    came = sorted(dataset_digest(pydicom.dcmread(path)) for path in folder.rglob("*.dcm"))
    return came == sorted(dataset_digest(pydicom.dcmread(path)) for path in sent)


def test_that_studies_series_and_instances_are_found(full: WebPeer, series: list[Path]) -> None:
    first = pydicom.dcmread(series[0])
    echo(SETTINGS, full.node())
    (study,) = find_studies(SETTINGS, full.node(), patient_id=first.PatientID)
    assert (study.study_uid, study.patient_name) == (first.StudyInstanceUID, str(first.PatientName))
    (found,) = find_series(SETTINGS, full.node(), study.study_uid)
    assert (found.series_uid, found.modality) == (first.SeriesInstanceUID, "CT")
    assert find_studies(SETTINGS, full.node(), patient_id="nobody & all") == []
    assert any("PatientID=nobody%20%26%20all" in path for path in full.asked)
    # Wild cards stay as they are: not every service decodes them (Orthanc 1.10 with DICOMweb 1.7 does not).
    find_studies(SETTINGS, full.node(), patient_id="P*", patient_name="Kowal?k*")
    assert any("PatientID=P*&" in path and "PatientName=Kowal?k*&" in path for path in full.asked)


def test_that_short_pages_are_put_together(full: WebPeer, series: list[Path]) -> None:
    full.page = 2
    whole = find_instances(SETTINGS, full.node(), *uids(series))
    assert sorted(one.instance_uid for one in whole) == sorted(full.held)


def test_that_a_series_comes_whole_and_is_not_fetched_twice(full: WebPeer, series: list[Path], tmp_path: Path) -> None:
    study, one = uids(series)
    assert len(retrieve_series(SETTINGS, full.node(), study, [one], tmp_path).new) == 5
    assert same_objects(tmp_path, series)
    assert retrieve_series(SETTINGS, full.node(), study, [], tmp_path).count == 0


def test_that_a_service_that_leaves_after_each_answer_is_asked_over_another_connection(
    full: WebPeer, series: list[Path], tmp_path: Path
) -> None:
    full.leaves = True
    study, one = uids(series)
    assert len(retrieve_series(SETTINGS, full.node(), study, [one], tmp_path).new) == 5
    assert same_objects(tmp_path, series)


def test_that_a_retrieval_that_is_cut_in_the_middle_goes_on(full: WebPeer, series: list[Path], tmp_path: Path) -> None:
    study, one = uids(series)
    full.cuts_after = 2
    with pytest.raises(NetworkError, match=r"web \(http://.*retrieval: no answer within 5 s, or the connection broke"):
        retrieve_series(SETTINGS, full.node(), study, [one], tmp_path)
    assert len(list(tmp_path.rglob("*.dcm"))) == 2
    assert len(retrieve_series(SETTINGS, full.node(), study, [one], tmp_path).new) == 3
    assert same_objects(tmp_path, series)


def test_that_who_a_patient_is_says_the_object(full: WebPeer, series: list[Path], tmp_path: Path) -> None:
    # Under one instance the service gives the object of another.
    study, one = uids(series)
    first, second = list(full.held)[:2]
    full.held[first] = full.held[second]
    came = retrieve_series(SETTINGS, full.node(), study, [one], tmp_path)
    assert {path.stem for path in came.new} == set(full.held) - {first}


def test_that_a_slow_service_is_waited_for_and_a_silent_one_is_not(
    full: WebPeer, series: list[Path], tmp_path: Path
) -> None:
    study, one = uids(series)
    impatient = replace(SETTINGS, answer_s=1.5)
    full.pause = 0.3
    begin = time.monotonic()
    retrieve_series(impatient, full.node(), study, [one], tmp_path)
    assert time.monotonic() - begin > 2 * impatient.answer_s
    full.freezes = 3.0
    with pytest.raises(NetworkError, match=r"no answer within 0\.5 s"):
        echo(replace(SETTINGS, answer_s=0.5), full.node())


def test_that_waiting_can_be_cancelled(full: WebPeer, series: list[Path], tmp_path: Path) -> None:
    full.freezes = 5.0
    begin = time.monotonic()

    def stop(_fraction: float, _text: str) -> None:
        if time.monotonic() - begin > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        retrieve_series(replace(SETTINGS, answer_s=60.0), full.node(), *_one(series), tmp_path, progress=stop)


def _one(series: list[Path]) -> tuple[str, list[str]]:
    study, one = uids(series)
    return study, [one]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, r"does not accept the authorization \(status 401\); check the secret"),
        (403, r"does not accept the authorization \(status 403\)"),
        (404, r"is not there \(status 404\); check the address"),
        (503, r"is busy \(status 503\); try again later"),
        (302, r"points elsewhere \(status 302\)"),
        (500, "refused with status 500; ask who runs"),
    ],
)
def test_that_each_refusal_is_said_with_what_to_do(full: WebPeer, series: list[Path], status: int, said: str) -> None:
    full.status = status
    with pytest.raises(NetworkError, match=said):
        find_studies(SETTINGS, full.node(), patient_id="x")
    with pytest.raises(NetworkError, match=said):
        send_files(SETTINGS, full.node(), series)
    assert full.stored == []


def test_that_a_service_that_is_not_there_is_named(peer: WebPeer) -> None:
    node = peer.node()
    peer.stop()
    with pytest.raises(NetworkError, match=r"does not answer within 5 s, or refuses.*check the address"):
        echo(SETTINGS, node)


def test_that_each_object_is_stored_once_whatever_breaks(peer: WebPeer, series: list[Path], tmp_path: Path) -> None:
    notes = tmp_path / "sent.json"
    assert len(send_files(SETTINGS, peer.node(), series[:2], ledger=Ledger(notes)).acknowledged) == 2
    peer.cuts_store = True
    with pytest.raises(NetworkError, match="the connection broke; try again"):
        send_files(SETTINGS, peer.node(), series, ledger=Ledger(notes))
    rest = send_files(SETTINGS, peer.node(), series, ledger=Ledger(notes))
    assert (len(rest.before), len(rest.acknowledged)) == (2, 3)
    assert sorted(peer.held.values()) == sorted(path.read_bytes() for path in series)


def test_that_what_is_refused_or_not_answered_for_is_not_taken_for_stored(peer: WebPeer, series: list[Path]) -> None:
    peer.refuses = 0xA700
    sent = send_files(SETTINGS, peer.node(), series)
    assert (sent.acknowledged, sent.refused[0]) == ([], (series[0], "refused with 0xA700"))
    peer.refuses, peer.silent_about_stored = 0, True
    sent = send_files(SETTINGS, peer.node(), series)
    assert (sent.acknowledged, len(sent.refused)) == ([], 5)
    with pytest.raises(NetworkError, match="knows no storage commitment"):
        committed(SETTINGS, peer.node(), [])


def test_that_a_secret_is_read_where_it_stands_and_told_nowhere(
    full: WebPeer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    full.token = "Bearer s3cr3t-token"
    bearer = full.node(authorization="bearer", secret="env:ARCHIVE_TOKEN")
    monkeypatch.setenv("ARCHIVE_TOKEN", "s3cr3t-token\n")
    echo(SETTINGS, bearer)
    (tmp_path / "user").write_text("märie:s3cr3t-token\n", "utf-8")
    full.token = "Basic " + base64.b64encode("märie:s3cr3t-token".encode()).decode()
    basic = full.node(authorization="basic", secret=f"file:{tmp_path / 'user'}")
    write_network_settings(tmp_path, replace(SETTINGS, nodes=(basic, replace(bearer, name="other"))))
    assert main(["network", "echo", "web", "--data-folder", str(tmp_path)]) == 0
    assert main(["network", "echo", "other", "--data-folder", str(tmp_path)]) == 2
    assert main(["network", "nodes", "--data-folder", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "does not accept the authorization" in said.err
    told = said.out + said.err + caplog.text + (tmp_path / "nodes.toml").read_text("utf-8")
    assert "s3cr3t" not in told
    monkeypatch.delenv("ARCHIVE_TOKEN")
    with pytest.raises(MissingDataError, match="not in env:ARCHIVE_TOKEN"):
        echo(SETTINGS, bearer)


def test_that_web_nodes_come_back_as_written(tmp_path: Path) -> None:
    node = Node("w", "", "", 0, kind="dicomweb", url="https://h/dw", authorization="bearer", secret="env:T")
    write_network_settings(tmp_path, NetworkSettings(nodes=(node,)))
    assert read_network_settings(tmp_path).nodes == (node,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"url": "ftp://h/x"}, "url: is no address"),
        ({"url": "https://user:pass@h/x"}, "url: is no address.*without secrets"),
        ({"url": "http://h/x", "authorization": "bearer", "secret": "env:T"}, "carry the secret unencrypted"),
        ({"authorization": "bearer", "secret": "s3cr3t"}, "secret: does not say where"),
        ({"authorization": "maybe"}, "neither none, bearer nor basic"),
        ({"secret": "env:T"}, "secret: is named, but not used"),
        ({"kind": "other"}, "neither dicom nor dicomweb"),
    ],
)
def test_that_a_wrong_key_is_named(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    node = replace(Node("w", "", "", 0, kind="dicomweb", url="https://h/dw"), **changes)  # type: ignore[arg-type]
    with pytest.raises(DosimetryError, match=message) as told:
        write_network_settings(tmp_path, NetworkSettings(nodes=(node,)))
    assert "s3cr3t" not in str(told.value)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"--b1\r\nContent-Type: application/dicom\r\n\r\nDI", "multipart/related; boundary=b1"),
        (b"hello", "multipart/related; boundary=b1"),
        (b"hello", "text/html"),
        (b"--b1\r\nContent-Type: application/dicom\r\n\r\nhello\r\n--b1--", "multipart/related; boundary=b1"),
    ],
)
def test_that_what_is_no_whole_object_is_not_kept(
    full: WebPeer, series: list[Path], tmp_path: Path, content: bytes, kind: str
) -> None:
    full.gives = (content, kind)
    with pytest.raises(NetworkError, match=r"no whole multipart message|is no DICOM object"):
        retrieve_series(SETTINGS, full.node(), *_one(series), tmp_path)
    assert list(tmp_path.rglob("*.dcm")) == []
