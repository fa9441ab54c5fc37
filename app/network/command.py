"""`lutetia network`: nodes, echo, query, retrieval, sending, receiving."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.operations.counted import counted
from dosimetry_core.errors import MissingDataError

if TYPE_CHECKING:
    from app.network.kept_files import Received

DONE, PROBLEMS = 0, 2


def add_network_parser(commands: Any) -> None:
    """Add the command to the command line."""
    network = commands.add_parser("network", help="the department's archive: query, retrieve, send, receive")
    acts = network.add_subparsers(dest="act", metavar="ACT", required=True, parser_class=type(network))
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--data-folder", type=Path, metavar="DIR", help="where nodes.toml is")

    acts.add_parser("nodes", parents=[data], help="the known nodes")
    echo = acts.add_parser("echo", parents=[data], help="does a node answer")
    echo.add_argument("node", metavar="NODE")
    find = acts.add_parser("find", parents=[data], help="studies of a patient or a day, with their series")
    find.add_argument("node", metavar="NODE")
    find.add_argument("--patient-id", default="", metavar="ID")
    find.add_argument("--patient-name", default="", metavar="NAME", help="* and ? are wild cards")
    find.add_argument("--date", default="", metavar="YYYYMMDD[-YYYYMMDD]")
    retrieve = acts.add_parser("retrieve", parents=[data], help="fetch a study or some of its series")
    retrieve.add_argument("node", metavar="NODE")
    retrieve.add_argument("study", metavar="STUDY-UID")
    retrieve.add_argument("--series", action="append", default=[], metavar="SERIES-UID")
    retrieve.add_argument("--out", type=Path, required=True, metavar="DIR")
    send = acts.add_parser("send", parents=[data], help="store files at a node, none twice")
    send.add_argument("node", metavar="NODE")
    send.add_argument("paths", nargs="+", type=Path, metavar="FILE")
    send.add_argument("--commit", action="store_true", help="ask for a storage commitment afterwards")
    receive = acts.add_parser("receive", parents=[data], help="receive what known nodes send, until interrupted")
    receive.add_argument("--out", type=Path, required=True, metavar="DIR")


def network(arguments: argparse.Namespace) -> int:
    """Do one act."""
    from app.network.link import echo
    from app.network.nodes import read_network_settings
    from app.network.window_jobs import LEDGER
    from app.operations.data_folder import data_folder

    folder = data_folder(arguments.data_folder)
    settings = read_network_settings(folder)
    if arguments.act == "nodes":
        print(
            f"own title {settings.own_ae_title}, receiver port {settings.receiver_port} (off)"
            + (", encrypted" if settings.receiver_tls else "")
        )
        for node in settings.nodes:
            encrypted = ", encrypted" if node.is_encrypted else ""
            print(f"{node.name}: {node.place}, by {'DICOMweb' if node.is_web else node.retrieval}{encrypted}")
        return DONE
    if arguments.act == "receive":
        return _receive(settings, arguments.out)
    node = settings.node(arguments.node)
    match arguments.act:
        case "echo":
            echo(settings, node)
            print(f"{node.name} answers")
            return DONE
        case "find":
            return _find(settings, node, arguments)
        case "retrieve":
            return _retrieve(settings, node, arguments)
    return _send(settings, node, arguments, folder / LEDGER)


def _find(settings: Any, node: Any, arguments: argparse.Namespace) -> int:
    from app.network.query import find_series, find_studies

    if not (arguments.patient_id or arguments.patient_name or arguments.date):
        raise MissingDataError("nothing to look for", where="network find", remedy="give a patient or a date")
    found = find_studies(
        settings,
        node,
        patient_id=arguments.patient_id,
        patient_name=arguments.patient_name,
        date=arguments.date,
    )
    for study in found:
        print(f"{study.patient_id}  {study.patient_name}  {study.date}  {study.description}  {study.study_uid}")
        for series in find_series(settings, node, study.study_uid):
            print(
                f"  {series.modality}  {series.number}  {series.description}  {series.instances}  {series.series_uid}"
            )
    if not found:
        print("nothing found")
    return DONE


def _retrieve(settings: Any, node: Any, arguments: argparse.Namespace) -> int:
    from app.network.retrieve import retrieve_series
    from app.operations.terminal import terminal_progress
    from app.outputs import require_folder

    require_folder(arguments.out)
    came = retrieve_series(
        settings, node, arguments.study, arguments.series, arguments.out, progress=terminal_progress()
    )
    print(f"{counted(len(came.new), 'object')} came into {arguments.out}")
    if came.left_there:
        print(f"{came.left_there} objects of other kinds were left there: {came.kinds_left_there}")
    _tell_contradicting(came)
    return PROBLEMS if came.contradicting else DONE


def _send(settings: Any, node: Any, arguments: argparse.Namespace, ledger: Path) -> int:
    from app.network.commitment import commit_sent
    from app.network.send import Ledger, send_files
    from app.operations.terminal import terminal_progress

    notes = Ledger(ledger)
    paths, others = files_of(arguments.paths)
    for path in others:
        print(f"{path}: is no DICOM file and left out", file=sys.stderr)
    sent = send_files(settings, node, paths, ledger=notes, progress=terminal_progress())
    print(f"{counted(len(sent.acknowledged), 'object')} sent to {node.name}, {sent.before_text}")
    for path, why in sent.refused:
        print(f"{path}: {why}", file=sys.stderr)
    failed: set[str] = set()
    if arguments.commit and sent.references:
        safe, failed = commit_sent(settings, node, sent, notes)
        print(f"{node.name} answers for {len(safe)} objects")
        for uid in sorted(failed):
            print(f"{uid}: {node.name} does not answer for it; send it again", file=sys.stderr)
    return PROBLEMS if sent.refused or failed else DONE


def _receive(settings: Any, folder: Path) -> int:
    from app.network.kept_files import KeptFiles
    from app.network.receiver import Receiver
    from app.outputs import require_folder

    require_folder(folder)
    kept = KeptFiles(folder)
    with Receiver(settings, kept) as receiver:
        print(f"receiving as {settings.own_ae_title} at port {settings.receiver_port}; Ctrl+C ends it", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print(f"{counted(kept.received.count, 'object')} came into {folder}")
    _tell_contradicting(kept.received)
    for error in receiver.failure:
        print(error.line(), file=sys.stderr)
    return PROBLEMS if receiver.failure or kept.received.contradicting else DONE


def _tell_contradicting(came: Received) -> None:
    for path in came.contradicting:
        print(f"{path}: another content under an identifier that was there; both are kept", file=sys.stderr)


def files_of(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The files named and the DICOM files in the folders named; and what else is in these folders."""
    from pydicom.misc import is_dicom

    found: list[Path] = []
    others: list[Path] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        for one in sorted(one for one in path.rglob("*") if one.is_file()):
            (found if is_dicom(one) else others).append(one)
    return found, others
