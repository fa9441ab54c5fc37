"""Query, retrieve, send and commitment against a peer that can freeze, refuse, break off and lose."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import (
    RTDoseStorage,
    generate_uid,
)

from app.network.commitment import committed
from app.network.errors import NetworkError
from app.network.kept_files import KeptFiles, dataset_digest, safe_uid
from app.network.link import echo
from app.network.nodes import NetworkSettings, Node, read_network_settings, write_network_settings
from app.network.query import find_series, find_studies
from app.network.receiver import Receiver
from app.network.retrieve import retrieve_series
from app.network.send import OTHER_CONTENT, Ledger, send_files
from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.progress import Cancelled
from tests.app.network.peer import Peer, free_port, slices


@pytest.fixture
def own() -> NetworkSettings:
    peer = Node("peer", "PEER", "127.0.0.1", 1)
    return NetworkSettings(receiver_port=free_port(), connect_s=3.0, answer_s=3.0, nodes=(peer,))


def uids(paths: list[Path]) -> tuple[str, str]:
    first = pydicom.dcmread(paths[0])
    return first.StudyInstanceUID, first.SeriesInstanceUID


def same_objects(folder: Path, sent: list[Path]) -> bool:
    came = sorted(dataset_digest(pydicom.dcmread(path)) for path in folder.rglob("*.dcm"))
    return came == sorted(dataset_digest(pydicom.dcmread(path)) for path in sent)


def test_that_a_node_answers_an_echo(own: NetworkSettings, peer: Peer) -> None:
    echo(own, peer.node())


def test_that_a_node_that_is_not_there_is_named_with_what_to_do(own: NetworkSettings) -> None:
    with pytest.raises(NetworkError, match=r"nowhere \(X at 127.0.0.1:\d+\): does not answer.*check host, port"):
        echo(own, Node("nowhere", "X", "127.0.0.1", free_port()))


def test_that_a_frozen_node_is_given_up_after_the_stated_time(own: NetworkSettings, peer: Peer) -> None:
    peer.delay_s = 4.0
    begin = time.monotonic()
    with pytest.raises(NetworkError, match=r"no answer within 0\.5 s"):
        echo(replace(own, answer_s=0.5), peer.node())
    assert time.monotonic() - begin < 3.5


def test_that_a_refused_association_says_why(own: NetworkSettings, peer: Peer) -> None:
    peer.entity.require_called_aet = True
    with pytest.raises(NetworkError, match=r"refuses the association.*Called AE title"):
        echo(own, peer.node(ae_title="WRONG"))


def test_that_studies_and_series_are_found(own: NetworkSettings, peer: Peer, series: list[Path]) -> None:
    peer.hold(series)
    first = pydicom.dcmread(series[0])
    (study,) = find_studies(own, peer.node(), patient_id=first.PatientID)
    assert (study.study_uid, study.patient_name) == (first.StudyInstanceUID, str(first.PatientName))
    (found,) = find_series(own, peer.node(), study.study_uid)
    assert (found.series_uid, found.modality) == (first.SeriesInstanceUID, "CT")
    assert find_studies(own, peer.node(), patient_id="nobody") == []
    with pytest.raises(ValueError, match="patient or a date"):
        find_studies(own, peer.node())


@pytest.mark.parametrize("retrieval", ["get", "move"])
def test_that_a_series_comes_whole_and_is_not_fetched_twice(
    own: NetworkSettings, peer: Peer, series: list[Path], tmp_path: Path, retrieval: str
) -> None:
    peer.hold(series)
    study, one = uids(series)
    node = peer.node(retrieval=retrieval)
    came = retrieve_series(own, node, study, [one], tmp_path)
    assert len(came.new) == len(series)
    assert same_objects(tmp_path, series)
    again = retrieve_series(own, node, study, [], tmp_path)
    assert again.count == 0


def test_that_a_broken_retrieval_says_so_and_goes_on_where_it_ended(
    own: NetworkSettings, peer: Peer, series: list[Path], tmp_path: Path
) -> None:
    peer.hold(series)
    study, one = uids(series)
    peer.fails_after = 2
    with pytest.raises(NetworkError):
        retrieve_series(own, peer.node(), study, [one], tmp_path)
    assert len(list(tmp_path.rglob("*.dcm"))) == 2
    assert [path for path in tmp_path.rglob("*") if "unfinished" in path.name] == []
    assert len(retrieve_series(own, peer.node(), study, [one], tmp_path).new) == len(series) - 2
    assert same_objects(tmp_path, series)


def test_that_objects_that_do_not_come_are_missed(
    own: NetworkSettings, peer: Peer, series: list[Path], tmp_path: Path
) -> None:
    peer.hold(series)
    study, one = uids(series)
    peer.loses = {pydicom.dcmread(series[1]).SOPInstanceUID}
    with pytest.raises(NetworkError, match="1 of 5 objects did not come"):
        retrieve_series(own, peer.node(), study, [one], tmp_path)


def test_that_cancelling_a_retrieval_ends_it_and_keeps_what_came(
    own: NetworkSettings, peer: Peer, series: list[Path], tmp_path: Path
) -> None:
    peer.hold(series)
    study, one = uids(series)

    def stop(fraction: float, _text: str) -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        retrieve_series(own, peer.node(), study, [one], tmp_path, progress=stop)
    assert 0 < len(list(tmp_path.rglob("*.dcm"))) < len(series)


def test_that_each_object_is_sent_once_whatever_breaks(
    own: NetworkSettings, peer: Peer, series: list[Path], tmp_path: Path
) -> None:
    peer.fails_after = 3
    ledger = tmp_path / "sent.json"
    with pytest.raises(NetworkError, match=r"no answer.*what was acknowledged is not sent twice"):
        send_files(own, peer.node(), series, ledger=Ledger(ledger))
    rest = send_files(own, peer.node(), series, ledger=Ledger(ledger))
    assert (len(rest.before), len(rest.acknowledged)) == (3, 2)
    assert len(peer.stored) == len(set(peer.stored)) == 5
    assert all(pydicom.dcmread(path) == peer.held[pydicom.dcmread(path).SOPInstanceUID] for path in series)
    assert send_files(own, peer.node(), series, ledger=Ledger(ledger)).acknowledged == []


def test_that_what_an_archive_has_lost_is_sent_again(
    own: NetworkSettings, peer: Peer, series: list[Path], tmp_path: Path
) -> None:
    notes = tmp_path / "sent.json"
    send_files(own, peer.node(), series, ledger=Ledger(notes))
    del peer.held[pydicom.dcmread(series[1]).SOPInstanceUID]
    rest = send_files(own, peer.node(), series, ledger=Ledger(notes))
    assert (rest.acknowledged, rest.before_text) == ([series[1]], "4 were there")
    assert len(peer.held) == 5
    # What answers no query is believed, and it is said.
    peer.finds = False
    rest = send_files(own, peer.node(), series, ledger=Ledger(notes))
    assert (rest.acknowledged, rest.before_text) == ([], "5 were acknowledged before (it can't be asked)")


def test_that_notes_of_earlier_versions_cost_one_more_sending(
    own: NetworkSettings, peer: Peer, series: list[Path], tmp_path: Path
) -> None:
    notes = tmp_path / "sent.json"
    notes.write_text(json.dumps({f"PEER@127.0.0.1:{peer.port}": ["0" * 64]}), "utf-8")
    assert len(send_files(own, peer.node(), series, ledger=Ledger(notes)).acknowledged) == 5
    assert len(send_files(own, peer.node(), series, ledger=Ledger(notes)).before) == 5


def test_that_a_second_content_of_an_identifier_is_not_sent_and_named(
    own: NetworkSettings, peer: Peer, series: list[Path], tmp_path: Path
) -> None:
    first = pydicom.dcmread(series[0])
    other = pydicom.dcmread(series[0])
    other.ImageComments = "another"
    second = tmp_path / "other.dcm"
    other.save_as(second)
    together = send_files(own, peer.node(), [*series, second])
    assert (together.acknowledged, together.refused) == (series, [(second, OTHER_CONTENT)])
    ledger = Ledger(tmp_path / "sent.json")
    send_files(own, peer.node(), series, ledger=ledger)
    later = send_files(own, peer.node(), [second], ledger=Ledger(tmp_path / "sent.json"))
    assert (later.acknowledged, later.refused) == ([], [(second, OTHER_CONTENT)])
    assert peer.held[first.SOPInstanceUID] == first
    # Where the first is no longer, the second may go.
    del peer.held[first.SOPInstanceUID]
    assert send_files(own, peer.node(), [second], ledger=ledger).acknowledged == [second]
    assert send_files(own, peer.node(), series[:1], ledger=ledger).refused == [(series[0], OTHER_CONTENT)]
    assert peer.held[first.SOPInstanceUID] == other


def test_that_refused_objects_are_named_with_the_code_and_the_others_go_on(
    own: NetworkSettings, peer: Peer, series: list[Path], tmp_path: Path
) -> None:
    peer.refuses_store = 0xA700
    sent = send_files(own, peer.node(), series)
    assert [path for path, _why in sent.refused] == series
    assert "0xA700" in sent.refused[0][1]


def test_that_kinds_that_a_node_does_not_take_are_named(
    own: NetworkSettings, peer: Peer, series: list[Path], tmp_path: Path
) -> None:
    odd = pydicom.dcmread(series[0])
    odd.SOPClassUID = odd.file_meta.MediaStorageSOPClassUID = RTDoseStorage
    odd.SOPInstanceUID = odd.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    odd.save_as(tmp_path / "odd.dcm")
    sent = send_files(own, peer.node(), [series[0], tmp_path / "odd.dcm"])
    assert sent.acknowledged == [series[0]]
    assert "RT Dose Storage" in sent.refused[0][1]


def test_that_what_is_no_dicom_is_not_sent(own: NetworkSettings, peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "x.dcm").write_text("hello")
    with pytest.raises(DosimetryError, match="is no DICOM file"):
        send_files(own, peer.node(), [tmp_path / "x.dcm"])


def test_that_a_commitment_tells_what_is_safe(own: NetworkSettings, peer: Peer, series: list[Path]) -> None:
    sent = send_files(own, peer.node(), series)
    lost = pydicom.dcmread(series[2]).SOPInstanceUID
    del peer.held[lost]
    safe, failed = committed(own, peer.node(), sent.references)
    assert failed == {lost}
    assert len(safe) == 4
    # What is not answered for is sent again.
    ledger = Ledger(None)
    send_files(own, peer.node(), series, ledger=ledger)
    ledger.forget(peer.node(), [lost])
    again = send_files(own, peer.node(), series, ledger=ledger)
    assert [pydicom.dcmread(path).SOPInstanceUID for path in again.acknowledged] == [lost]


def test_that_what_a_report_passes_over_is_not_taken_for_safe(
    own: NetworkSettings, peer: Peer, series: list[Path]
) -> None:
    sent = send_files(own, peer.node(), series)
    peer.silent_about = {pydicom.dcmread(series[0]).SOPInstanceUID}
    safe, failed = committed(own, peer.node(), sent.references)
    assert failed == peer.silent_about
    assert len(safe) == 4


def test_that_nobody_may_send_where_no_node_is_known(own: NetworkSettings, tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="no node is known"):
        Receiver(replace(own, nodes=()), KeptFiles(tmp_path)).start()


def test_that_waiting_for_a_commitment_takes_no_objects(
    own: NetworkSettings, series: list[Path], tmp_path: Path
) -> None:
    here = Node("here", own.own_ae_title, "127.0.0.1", own.receiver_port)
    with Receiver(own, None), pytest.raises(NetworkError, match=r"does not answer.*or breaks off"):
        send_files(replace(own, own_ae_title="PEER"), here, series)


def test_that_a_list_of_objects_is_no_object_to_send(own: NetworkSettings, peer: Peer, tmp_path: Path) -> None:
    listing = pydicom.Dataset()
    listing.FileSetID = "X"
    listing.file_meta = pydicom.dataset.FileMetaDataset()
    listing.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    listing.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    listing.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    pydicom.dcmwrite(tmp_path / "DICOMDIR", listing, enforce_file_format=True)
    with pytest.raises(DosimetryError, match="a list of them"):
        send_files(own, peer.node(), [tmp_path / "DICOMDIR"])


@pytest.mark.parametrize(
    ("keyword", "name"), [("StudyInstanceUID", "Study Instance UID"), ("SeriesInstanceUID", "Series Instance UID")]
)
def test_that_an_object_of_no_study_or_series_is_named_and_nothing_is_sent(
    own: NetworkSettings, peer: Peer, series: list[Path], tmp_path: Path, keyword: str, name: str
) -> None:
    odd = pydicom.dcmread(series[1])
    delattr(odd, keyword)
    odd.save_as(tmp_path / "odd.dcm")
    before = len(peer.stored)
    with pytest.raises(DosimetryError, match=f"has no {name}, by which an archive files it") as raised:
        send_files(own, peer.node(), [series[0], tmp_path / "odd.dcm"])
    assert "odd.dcm" in str(raised.value.where)
    assert len(peer.stored) == before


def test_that_the_receiver_is_off_until_switched_on_and_takes_known_callers_only(
    own: NetworkSettings, series: list[Path], tmp_path: Path
) -> None:
    here = Node("here", own.own_ae_title, "127.0.0.1", own.receiver_port)
    stranger = replace(own, own_ae_title="STRANGER")
    known = replace(own, own_ae_title="PEER")
    with pytest.raises(NetworkError, match="does not answer"):
        send_files(known, here, series)
    kept = KeptFiles(tmp_path)
    with Receiver(own, kept) as receiver:
        assert receiver.is_on
        with pytest.raises(NetworkError, match="refuses"):
            send_files(stranger, here, series)
        assert len(send_files(known, here, series).acknowledged) == 5
        with pytest.raises(NetworkError, match="can't listen"):
            Receiver(own, kept).start()
    assert not receiver.is_on
    assert same_objects(tmp_path, series)


def test_that_one_identifier_with_two_contents_keeps_both(series: list[Path], tmp_path: Path) -> None:
    kept = KeptFiles(tmp_path / "in")
    content = series[0].read_bytes()
    kept.keep(content)
    kept.keep(content)
    other = pydicom.dcmread(series[0])
    other.PatientName = "Another^One"
    other.save_as(tmp_path / "other.dcm")
    for _ in range(2):
        kept.keep((tmp_path / "other.dcm").read_bytes())
    assert (len(kept.received.new), len(kept.received.known), len(kept.received.contradicting)) == (1, 2, 1)
    names = {str(pydicom.dcmread(path).PatientName) for path in (tmp_path / "in").rglob("*.dcm")}
    assert len(names) == 2


@pytest.mark.parametrize("uid", ["../../x", "1.2/../3", "", "1.2.3\\..\\4", "1" * 65, "1.2.\0"])
def test_that_a_sender_cannot_choose_a_path(uid: str) -> None:
    name = safe_uid(uid)
    assert name.startswith("not-a-uid-")
    assert Path(name).name == name


def test_that_several_senders_at_once_lose_nothing(own: NetworkSettings, tmp_path: Path) -> None:
    groups = [slices(tmp_path / f"ct{number}", 20) for number in range(3)]
    for paths in groups:
        for path in paths:
            dataset = pydicom.dcmread(path)
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            dataset.save_as(path)
    here = Node("here", own.own_ae_title, "127.0.0.1", own.receiver_port)
    with Receiver(own, KeptFiles(tmp_path / "in")):
        threads = [
            threading.Thread(target=send_files, args=(replace(own, own_ae_title="PEER"), here, paths))
            for paths in groups
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert same_objects(tmp_path / "in", [path for paths in groups for path in paths])


def test_that_settings_come_back_as_written(tmp_path: Path) -> None:
    settings = NetworkSettings(
        "LUT 1", 104, 5.0, 60.0, "", (Node("Ärchiv “1”", "PACS", "pacs.example", 104, "get", True, "/ca.pem"),)
    )
    assert read_network_settings(tmp_path) == NetworkSettings()
    write_network_settings(tmp_path, settings)
    assert read_network_settings(tmp_path) == settings
    assert settings.node("Ärchiv “1”").port == 104
    with pytest.raises(MissingDataError, match="use one of: Ärchiv"):
        settings.node("other")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("port = 104\nret", "port = 70000\nret", "node Archive, port: is no port"),
        ('ae_title = "PACS"', 'ae_title = "TOO LONG FOR A TITLE"', "ae_title: is no application entity title"),
        ('retrieval = "get"', 'retrieval = "take"', "neither get nor move"),
        ('host = "h"', 'hots = "h"', "unknown key hots"),
        ("format = 1", "format = 2", "format is not 1"),
        ("answer_s = 30.0", "answer_s = 0", "answer_s: is no time to wait"),
        ("tls = false", 'tls = "no"', "tls is neither true nor false"),
        ('retrieval = "get"\ntls = false', 'retrieval = "move"\ntls = true', "move comes unencrypted"),
    ],
)
def test_that_a_wrong_key_is_named(tmp_path: Path, before: str, after: str, message: str) -> None:
    write_network_settings(tmp_path, NetworkSettings(nodes=(Node("Archive", "PACS", "h", 104),)))
    path = tmp_path / "nodes.toml"
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after), "utf-8")
    with pytest.raises(DosimetryError, match=message):
        read_network_settings(tmp_path)


def test_that_a_folder_that_cannot_be_written_refuses_the_object(
    own: NetworkSettings, peer: Peer, series: list[Path], tmp_path: Path
) -> None:
    peer.hold(series)
    study, one = uids(series)
    blocked = tmp_path / "in"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(DosimetryError, match="can't be written"):
        retrieve_series(own, peer.node(), study, [one], blocked)
