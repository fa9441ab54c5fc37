"""Encodings and kinds of objects: the default encoding, compressed images, kinds without use; a course that is sent."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    CTImageStorage,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    GrayscaleSoftcopyPresentationStateStorage,
    ImplicitVRLittleEndian,
    RLELossless,
    RTDoseStorage,
    RTStructureSetStorage,
    SegmentationStorage,
    generate_uid,
)
from pynetdicom import AllStoragePresentationContexts

from app.network.commitment import committed
from app.network.errors import NetworkError
from app.network.kept_files import KeptFiles, dataset_digest
from app.network.nodes import NetworkSettings
from app.network.retrieve import retrieve_series
from app.network.send import send_files
from app.network.window_jobs import course_sent
from dosimetry_core.case_file import read_case
from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.evaluation import CycleResult, Evaluation
from dosimetry_core.pipeline import compute
from dosimetry_core.progress import Cancelled
from tests.app.network.peer import Peer
from tests.small_study import write_small_case


def uids(paths: list[Path]) -> tuple[str, str]:
    first = pydicom.dcmread(paths[0])
    return first.StudyInstanceUID, first.SeriesInstanceUID


def test_that_a_node_that_knows_the_default_encoding_alone_gets_every_object(
    own: NetworkSettings, peer: Peer, series: list[Path]
) -> None:
    (context,) = [one for one in peer.entity.supported_contexts if one.abstract_syntax == CTImageStorage]
    context.transfer_syntax = [ImplicitVRLittleEndian]
    assert {pydicom.dcmread(path).file_meta.TransferSyntaxUID for path in series} == {ExplicitVRLittleEndian}
    sent = send_files(own, peer.node(), series)
    assert len(sent.acknowledged) == len(series)
    assert all(dataset_digest(pydicom.dcmread(path)) == dataset_digest(one) for path, one in held(peer, series))
    assert {one.file_meta.TransferSyntaxUID for _path, one in held(peer, series)} == {ImplicitVRLittleEndian}


def held(peer: Peer, paths: list[Path]) -> list[tuple[Path, Dataset]]:
    return [(path, peer.held[pydicom.dcmread(path).SOPInstanceUID]) for path in paths]


def test_that_another_encoding_is_no_other_content(series: list[Path], tmp_path: Path) -> None:
    original = pydicom.dcmread(series[0])
    assert dataset_digest(original) == dataset_digest(copy.deepcopy(original))
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "1", "DCM", "One"
    original.ProcedureCodeSequence = [item]
    original["ProcedureCodeSequence"].is_undefined_length = True
    item.is_undefined_length_sequence_item = True
    kept = KeptFiles(tmp_path)
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
        content = io.BytesIO()
        again = copy.deepcopy(original)
        again.file_meta.TransferSyntaxUID = syntax
        pydicom.dcmwrite(
            content, again, implicit_vr=syntax.is_implicit_VR, little_endian=True, enforce_file_format=True
        )
        kept.keep(content.getvalue())
        item = original.ProcedureCodeSequence[0]
        item.is_undefined_length_sequence_item = original["ProcedureCodeSequence"].is_undefined_length = False
    assert (len(kept.received.new), len(kept.received.known), kept.received.contradicting) == (1, 1, [])
    original.PatientID = "other"
    assert dataset_digest(original) != dataset_digest(pydicom.dcmread(kept.received.new[0]))


def test_that_kinds_without_use_stay_with_the_node_and_are_named(
    own: NetworkSettings, peer: Peer, series: list[Path], tmp_path: Path
) -> None:
    peer.hold(series)
    state = copy.deepcopy(pydicom.dcmread(series[0]))
    state.SOPInstanceUID, state.SOPClassUID = generate_uid(), GrayscaleSoftcopyPresentationStateStorage
    peer.held[state.SOPInstanceUID] = state
    study, one = uids(series)
    came = retrieve_series(own, peer.node(), study, [one], tmp_path)
    assert len(came.new) == len(series)
    assert (came.left_there, came.kinds_left_there) == (1, "Grayscale Softcopy Presentation State Storage")


@pytest.mark.parametrize("retrieval", ["get", "move"])
def test_that_images_come_compressed_from_a_node_that_holds_them_so(
    own: NetworkSettings, peer: Peer, series: list[Path], tmp_path: Path, retrieval: str
) -> None:
    for one in (*peer.entity.supported_contexts, *peer.entity.requested_contexts):
        if one.abstract_syntax == CTImageStorage:
            one.transfer_syntax = [RLELossless]
    for path in series:
        dataset = pydicom.dcmread(path)
        dataset.compress(RLELossless, generate_instance_uid=False)
        peer.held[dataset.SOPInstanceUID] = dataset
    study, number = uids(series)
    came = retrieve_series(own, peer.node(retrieval=retrieval), study, [number], tmp_path)
    read = [pydicom.dcmread(path) for path in sorted(came.new)]
    assert {one.file_meta.TransferSyntaxUID for one in read} == {RLELossless}
    expected = {pydicom.dcmread(path).SOPInstanceUID: pydicom.dcmread(path).pixel_array for path in series}
    assert all(np.array_equal(one.pixel_array, expected[one.SOPInstanceUID]) for one in read)


def test_that_waiting_for_a_commitment_can_be_cancelled(own: NetworkSettings, peer: Peer, series: list[Path]) -> None:
    peer.reports = False

    def progress(fraction: float, _text: str) -> None:
        if fraction >= 0.5:
            raise Cancelled

    sent = send_files(own, peer.node(), series)
    with pytest.raises(Cancelled):
        committed(own, peer.node(), sent.references, progress=progress)


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    case = read_case(write_small_case(tmp_path_factory.mktemp("case")))
    return compute(replace(case, settings=replace(case.settings, voxel_s_values_beside=True)))


@pytest.fixture
def archive(own: NetworkSettings) -> Iterator[Peer]:
    """A peer that takes every kind of object."""
    kinds = [str(context.abstract_syntax) for context in AllStoragePresentationContexts]
    one = Peer(own, [uid for uid in kinds if uid != CTImageStorage])
    yield one
    one.stop()


def test_that_a_course_goes_once_with_its_plan_and_goes_on_after_a_break(
    own: NetworkSettings, archive: Peer, evaluation: Evaluation, tmp_path: Path
) -> None:
    peer = archive
    plan = b"%PDF-1.7\nsigned\n%%EOF"
    peer.fails_after = 3
    with pytest.raises(NetworkError):
        course_sent(own, peer.node(), evaluation, plan, tmp_path)
    assert len(peer.stored) == 3
    found = course_sent(own, peer.node(), evaluation, plan, tmp_path, commits=True)
    assert found.sent.refused == []
    assert len(found.sent.before) == 3
    number = len(found.sent.acknowledged) + 3
    assert (found.answered, found.unanswered, len(peer.held), len(peer.stored)) == (number, 0, number, number)
    kinds = {one.SOPClassUID for one in peer.held.values()}
    assert {RTStructureSetStorage, SegmentationStorage, RTDoseStorage, EncapsulatedPDFStorage} <= kinds
    (held,) = [one for one in peer.held.values() if one.SOPClassUID == EncapsulatedPDFStorage]
    assert held.EncapsulatedDocument[: held.EncapsulatedDocumentLength] == plan
    again = course_sent(own, peer.node(), evaluation, plan, tmp_path)
    assert (again.sent.acknowledged, len(again.sent.before), len(peer.held)) == ([], number, number)


def test_that_nothing_pending_is_sent(
    own: NetworkSettings, peer: Peer, evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CycleResult, "pending", True)
    with pytest.raises(MissingDataError, match="still pending"):
        course_sent(own, peer.node(), evaluation, None, tmp_path)
    assert (peer.stored, list(tmp_path.iterdir())) == ([], [])


def test_that_a_study_or_file_that_is_not_there_is_said(own: NetworkSettings, peer: Peer, tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="lists no object of this study"):
        retrieve_series(own, peer.node(), "1.2.3", [], tmp_path)
    with pytest.raises(DosimetryError, match=r"can't be read \(No such file"):
        send_files(own, peer.node(), [tmp_path / "nowhere"])
