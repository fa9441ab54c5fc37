"""Lines and peers that are slow, freeze or break: one clear sentence, nothing lost, nothing doubled."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid
from pynetdicom.association import Association

from app.network.errors import NetworkError
from app.network.kept_files import KeptFiles, dataset_digest
from app.network.link import UNCOMPRESSED, association, echo
from app.network.nodes import NetworkSettings, Node
from app.network.receiver import Receiver
from app.network.retrieve import retrieve_series
from app.network.send import Ledger, send_files
from app.network.services import VERIFICATION
from dosimetry_core.progress import Cancelled
from tests.app.network.line import Line
from tests.app.network.peer import Peer, free_port, slices
from tests.figures import figure_line

# The library leaves the socket of a refused connection to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
OWN = "LUTETIA"


@pytest.fixture
def own() -> NetworkSettings:
    peer = Node("peer", "PEER", "127.0.0.1", 1)
    return NetworkSettings(receiver_port=free_port(), connect_s=5.0, answer_s=5.0, nodes=(peer,))


@pytest.fixture
def line_to() -> Iterator[Callable[..., Line]]:
    lines: list[Line] = []

    def make(port: int, **faults: float) -> Line:
        lines.append(Line(port, **faults))  # type: ignore[arg-type]
        return lines[-1]

    yield make
    for line in lines:
        line.stop()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three slices of 60,000 bytes."""
    paths = slices(tmp_path_factory.mktemp("large"), 3)
    for path in paths:
        dataset = pydicom.dcmread(path)
        dataset.ImageComments = "x" * 10_000
        dataset.add_new(0x00091010, "UN", bytes(50_000))
        dataset.add_new(0x00090010, "LO", "TEST")
        dataset.save_as(path)
    return paths


def uids(paths: list[Path]) -> tuple[str, str]:
    first = pydicom.dcmread(paths[0])
    return first.StudyInstanceUID, first.SeriesInstanceUID


def same_objects(folder: Path, sent: list[Path]) -> bool:
    came = sorted(dataset_digest(pydicom.dcmread(path)) for path in folder.rglob("*.dcm"))
    return came == sorted(dataset_digest(pydicom.dcmread(path)) for path in sent)


def test_that_a_peer_that_accepts_and_never_answers_is_given_up(own: NetworkSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as frozen:
        node = Node("frozen", "PEER", "127.0.0.1", frozen.getsockname()[1])
        with pytest.raises(NetworkError, match=r"does not answer within 0\.5 s"):
            echo(replace(own, connect_s=0.5), node)


def test_that_no_message_is_held_back_for_more(own: NetworkSettings, peer: Peer, tmp_path: Path) -> None:
    def is_at_once(link: Association) -> bool:
        connection = link.dul.socket
        assert connection is not None
        assert connection.socket is not None
        return bool(connection.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    with association(own, peer.node(), [(VERIFICATION, UNCOMPRESSED)]) as link:
        assert is_at_once(link)
    here = Node("here", OWN, "127.0.0.1", own.receiver_port)
    with Receiver(own, KeptFiles(tmp_path)) as receiver:
        caller = replace(own, own_ae_title="PEER")
        with association(caller, here, [(VERIFICATION, UNCOMPRESSED)]):
            assert [is_at_once(one) for one in receiver._server.active_associations] == [True]


def test_that_a_slow_line_is_no_silent_one(
    own: NetworkSettings, peer: Peer, line_to: Callable[..., Line], large: list[Path], tmp_path: Path
) -> None:
    # 600,000 bytes at 150,000 a second take 4 s: silence is given 1.5 s.
    slow = line_to(peer.port, bytes_a_s=150_000.0)
    heavy = pydicom.dcmread(large[0])
    heavy[0x00091010].value = bytes(600_000)
    heavy.save_as(tmp_path / "heavy.dcm")
    impatient = replace(own, answer_s=1.5)
    node = peer.node(port=slow.port)
    begin = time.monotonic()
    assert len(send_files(impatient, node, [tmp_path / "heavy.dcm"]).acknowledged) == 1
    study, series = uids(large)
    assert len(retrieve_series(impatient, node, study, [series], tmp_path / "in").new) == 1
    assert time.monotonic() - begin > 4 * impatient.answer_s
    assert same_objects(tmp_path / "in", [tmp_path / "heavy.dcm"])


def test_that_a_peer_that_is_slow_with_each_object_is_waited_for(
    own: NetworkSettings, peer: Peer, large: list[Path]
) -> None:
    peer.delay_s = 0.8
    sent = send_files(replace(own, answer_s=2.0), peer.node(), large)
    assert len(sent.acknowledged) == 3


@pytest.mark.parametrize("fault", ["freezes_after", "breaks_after"])
def test_that_a_retrieval_that_ends_in_the_middle_of_an_object_goes_on(
    own: NetworkSettings,
    peer: Peer,
    line_to: Callable[..., Line],
    large: list[Path],
    tmp_path: Path,
    fault: str,
) -> None:
    peer.hold(large)
    study, series = uids(large)
    bad = line_to(peer.port, **{fault: 100_000})
    impatient = replace(own, answer_s=1.0)
    node = peer.node(port=bad.port)
    with pytest.raises(NetworkError, match="no answer within 1 s, or the connection broke"):
        retrieve_series(impatient, node, study, [series], tmp_path)
    came = len(list(tmp_path.rglob("*.dcm")))
    assert came < 3
    rest = retrieve_series(impatient, node, study, [series], tmp_path)
    assert (len(rest.new), rest.known, rest.contradicting) == (3 - came, [], [])
    assert same_objects(tmp_path, large)


@pytest.mark.parametrize("fault", ["freezes_after", "breaks_after"])
def test_that_sending_that_ends_in_the_middle_of_an_object_goes_on(
    own: NetworkSettings,
    peer: Peer,
    line_to: Callable[..., Line],
    large: list[Path],
    tmp_path: Path,
    fault: str,
) -> None:
    bad = line_to(peer.port, **{fault: 100_000})
    impatient = replace(own, answer_s=1.0)
    node, notes = peer.node(port=bad.port), tmp_path / "sent.json"
    with pytest.raises(NetworkError, match="what was acknowledged is not sent twice"):
        send_files(impatient, node, large, ledger=Ledger(notes))
    before = len(peer.stored)
    rest = send_files(impatient, node, large, ledger=Ledger(notes))
    assert len(rest.before) + len(rest.acknowledged) == 3
    assert len(rest.before) == before
    assert all(pydicom.dcmread(path) == peer.held[pydicom.dcmread(path).SOPInstanceUID] for path in large)


def test_that_waiting_for_a_frozen_peer_can_be_cancelled(own: NetworkSettings, peer: Peer, large: list[Path]) -> None:
    patient = replace(own, answer_s=60.0)
    peer.delay_s = 8.0
    begin = time.monotonic()

    def stop(_fraction: float, text: str) -> None:
        if "objects to" in text and time.monotonic() - begin > 1.0:
            raise Cancelled

    with pytest.raises(Cancelled):
        send_files(patient, peer.node(), large, progress=stop)
    assert peer.stored == []


def test_that_a_sender_that_freezes_holds_nobody_up(
    own: NetworkSettings, line_to: Callable[..., Line], large: list[Path], tmp_path: Path
) -> None:
    here = Node("here", OWN, "127.0.0.1", own.receiver_port)
    caller = replace(own, own_ae_title="PEER", answer_s=1.0)
    with Receiver(replace(own, answer_s=1.0), KeptFiles(tmp_path / "in")):
        bad = line_to(own.receiver_port, freezes_after=100_000)
        ended: list[str] = []

        def send_into_the_frost() -> None:
            try:
                send_files(caller, replace(here, port=bad.port), large)
            except NetworkError as error:
                ended.append(error.what)

        stuck = threading.Thread(target=send_into_the_frost)
        stuck.start()
        assert len(send_files(caller, here, large).acknowledged) == 3
        stuck.join()
        assert len(ended) == 1
    assert same_objects(tmp_path / "in", large)


def test_that_a_second_content_of_an_identifier_is_kept_apart_and_told(
    own: NetworkSettings, large: list[Path], tmp_path: Path
) -> None:
    other = pydicom.dcmread(large[0])
    other.ImageComments = "another"
    other.save_as(tmp_path / "other.dcm")
    here = Node("here", OWN, "127.0.0.1", own.receiver_port)
    kept = KeptFiles(tmp_path / "in")
    with Receiver(own, kept):
        for paths in (large, [tmp_path / "other.dcm"], large):
            send_files(replace(own, own_ae_title="PEER"), here, paths)
    received = kept.received
    assert (len(received.new), len(received.known), len(received.contradicting)) == (3, 3, 1)
    assert same_objects(tmp_path / "in", [*large, tmp_path / "other.dcm"])


def test_that_a_receiver_that_is_switched_off_in_the_middle_takes_nothing_more(
    own: NetworkSettings, large: list[Path], tmp_path: Path
) -> None:
    here = Node("here", OWN, "127.0.0.1", own.receiver_port)
    caller = replace(own, own_ae_title="PEER")
    kept = KeptFiles(tmp_path / "in")
    receiver = Receiver(own, kept)
    receiver.start()

    def switch_off(_fraction: float, text: str) -> None:
        if text.startswith("1 of"):
            receiver.stop()

    notes = Ledger(None)
    with pytest.raises(NetworkError, match="no answer within 5 s, or the connection broke"):
        send_files(caller, here, large, ledger=notes, progress=switch_off)
    assert kept.received.count == 1
    with Receiver(own, kept):
        rest = send_files(caller, here, large, ledger=notes)
    assert (len(rest.before), len(rest.acknowledged)) == (1, 2)
    assert same_objects(tmp_path / "in", large)


def _many_come(number: int, own: NetworkSettings, tmp_path: Path) -> tuple[float, int]:
    """Send so many objects to the receiver; seconds of the processor, and how many differ."""
    template = pydicom.dcmread(slices(tmp_path / "one", 1)[0])
    folder = tmp_path / "out"
    folder.mkdir()
    digests: list[str] = []
    for index in range(number):
        template.SOPInstanceUID = template.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        template.InstanceNumber = index + 1
        held = io.BytesIO()
        pydicom.dcmwrite(held, template, enforce_file_format=True)
        (folder / f"{index:05}.dcm").write_bytes(held.getvalue())
        digests.append(dataset_digest(template))
    here = Node("here", OWN, "127.0.0.1", own.receiver_port)
    own = replace(own, connect_s=60.0, answer_s=60.0)  # nothing is silent here, but the machine may be busy
    kept = KeptFiles(tmp_path / "in")
    begin = time.process_time()
    with Receiver(own, kept):
        sent = send_files(replace(own, own_ae_title="PEER"), here, sorted(folder.iterdir()))
    spent = time.process_time() - begin
    assert len(sent.acknowledged) == len(kept.received.new) == kept.received.count == number
    came = sorted(dataset_digest(pydicom.dcmread(path)) for path in (tmp_path / "in").rglob("*.dcm"))
    assert len(came) == number
    return spent, sum(one != other for one, other in zip(came, sorted(digests), strict=True))


def test_that_many_small_objects_come_whole(own: NetworkSettings, tmp_path: Path) -> None:
    assert _many_come(150, own, tmp_path)[1] == 0


@pytest.mark.long
def test_that_thousands_of_small_objects_come_whole(own: NetworkSettings, tmp_path: Path) -> None:
    number = 5_000
    spent, failures = _many_come(number, own, tmp_path)
    figure_line("network_many_objects", n=number, failures=failures, seed=None, processor_ms_each=1000 * spent / number)
    assert failures == 0
