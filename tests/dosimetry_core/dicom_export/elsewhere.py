"""Exported objects in other hands: a validator, two archives, other readers. Each is used where it is installed.

``python -m tests.dosimetry_core.dicom_export.elsewhere FOLDER`` does it all with the objects of `lutetia dicom`.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian, RTDoseStorage
from pynetdicom import AE, build_role, evt
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelGet  # type: ignore[attr-defined]

from dosimetry_core.dicom_export.pdf import document_of

_STARTS_WITHIN_S = 60.0
_PAUSE_S = 0.1
_OTHER_FOLDERS = ("/usr/sbin", "/usr/local/sbin")


def tool(name: str) -> str | None:
    """Where a program is, servers too, which are often in no search path; None where it is not installed."""
    return shutil.which(name) or next(
        (found for folder in _OTHER_FOLDERS if (found := shutil.which(name, path=folder))), None
    )


def run(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in arguments], capture_output=True, text=True, errors="replace", check=False, cwd=cwd
    )


# ------------------------------------------------------------------ the validator
def errors_of_validator(path: Path, scratch: Path) -> list[str]:
    """Errors that dciodvfy finds; an abort is one.

    The one exception: it ends with a failed assertion at 32-bit pixels, so that of such a dose `twin_of` is asked.
    """
    dataset = pydicom.dcmread(path)
    asked = path
    if dataset.SOPClassUID == RTDoseStorage and dataset.BitsAllocated == 32:
        asked = scratch / f"{path.stem}-16.dcm"
        twin_of(dataset).save_as(asked, enforce_file_format=True)
    done = run("dciodvfy", "-new", asked)
    errors = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")]
    return errors if done.returncode == 0 else [*errors, f"ended with {done.returncode}"]


def twin_of(dose: Dataset) -> Dataset:
    """The same RT Dose with 16 bits."""
    twin = pydicom.dcmread(dose.filename) if dose.filename else dose
    stored = np.frombuffer(dose.PixelData, "<u4").astype(np.float64)
    factor = stored.max() / (2**16 - 1) or 1.0
    twin.PixelData = np.rint(stored / factor).astype("<u2").tobytes()
    twin.BitsAllocated = twin.BitsStored = 16
    twin.HighBit = 15
    twin.DoseGridScaling = f"{float(dose.DoseGridScaling) * factor:.10g}"
    return twin


# ------------------------------------------------------------------ archives
@dataclass(frozen=True)
class Peer:
    title: str
    port: int

    def keeps(self, paths: Iterable[Path]) -> dict[str, Dataset]:
        """What it gives back of what is stored in it, by instance.

        DCMTK stores, pynetdicom asks for the objects: the former's retrieving program knows no parametric maps.
        """
        names = [str(path) for path in paths]
        done = run("storescu", "-R", "-aec", self.title, "127.0.0.1", str(self.port), *names)
        assert done.returncode == 0, done.stderr
        sent = [pydicom.dcmread(name, stop_before_pixels=True) for name in names]
        back: dict[str, Dataset] = {}

        def store(event: Any) -> int:
            back[str(event.dataset.SOPInstanceUID)] = event.dataset
            return 0

        entity, roles = AE(), []
        entity.add_requested_context(StudyRootQueryRetrieveInformationModelGet)
        for kind in sorted({str(one.SOPClassUID) for one in sent}):
            entity.add_requested_context(kind, ExplicitVRLittleEndian)
            roles.append(build_role(kind, scp_role=True))
        handlers = [(evt.EVT_C_STORE, store)]
        link = entity.associate(
            "127.0.0.1", self.port, ae_title=self.title, ext_neg=cast(Any, roles), evt_handlers=cast(Any, handlers)
        )
        assert link.is_established
        for study in sorted({str(one.StudyInstanceUID) for one in sent}):
            wanted = Dataset()
            wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", study
            for _ in link.send_c_get(wanted, StudyRootQueryRetrieveInformationModelGet):
                pass
        link.release()
        return back


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def orthanc(folder: Path) -> Iterator[Peer]:
    """An Orthanc of its own, with its store in a folder."""
    port = _free_port()
    settings: Mapping[str, Any] = {
        "StorageDirectory": str(folder), "IndexDirectory": str(folder), "HttpServerEnabled": False, "DicomPort": port,
        "DicomAet": "ORTHANC", "DicomAlwaysAllowStore": True, "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True, "DefaultEncoding": "Utf8", "Plugins": [],
    }  # fmt: skip
    (folder / "settings.json").write_text(json.dumps(settings), "utf-8")
    program = tool("Orthanc")
    assert program is not None
    with _served([program, "settings.json"], folder, Peer("ORTHANC", port)) as peer:
        yield peer


@contextmanager
def dcmqrscp(folder: Path) -> Iterator[Peer]:
    """DCMTK's archive, with its store in a folder."""
    port, store = _free_port(), folder / "store"
    store.mkdir()
    (folder / "qr.cfg").write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 4\nHostTable BEGIN\nHostTable END\n"
        f"VendorTable BEGIN\nVendorTable END\nAETable BEGIN\nQR {store} RW (500, 4096mb) ANY\nAETable END\n",
        "utf-8",
    )
    with _served(["dcmqrscp", "-c", "qr.cfg"], folder, Peer("QR", port)) as peer:
        yield peer


@contextmanager
def _served(command: list[str], folder: Path, peer: Peer) -> Iterator[Peer]:
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            end = time.monotonic() + _STARTS_WITHIN_S
            while run("echoscu", "-aec", peer.title, "127.0.0.1", str(peer.port)).returncode:
                assert process.poll() is None, (folder / "log.txt").read_text("utf-8")
                assert time.monotonic() < end, f"{command[0]} does not answer"
                time.sleep(_PAUSE_S)
            yield peer
        finally:
            process.terminate()
            process.wait()


ARCHIVES = {"Orthanc": orthanc, "dcmqrscp": dcmqrscp}
DCMTK = ("storescu", "echoscu")


def missing_for(archive: str) -> list[str]:
    """Programs that a test with an archive needs and that are not installed."""
    return [name for name in (archive, *DCMTK) if tool(name) is None]


def unlike(paths: Iterable[Path], back: Mapping[str, Dataset]) -> list[str]:
    """Names of the files whose dataset did not come back equal, element by element."""
    return [path.name for path in paths if back.get(str((sent := pydicom.dcmread(path)).SOPInstanceUID)) != sent]


# ------------------------------------------------------------------ readers
def text_by_dsrdump(path: Path) -> str:
    """A structured report as DCMTK reads it."""
    done = run("dsrdump", path)
    assert done.returncode == 0, done.stderr
    return done.stdout


def document_by_dcm2pdf(path: Path, scratch: Path) -> bytes:
    """An encapsulated document as DCMTK takes it out."""
    target = scratch / "out.pdf"
    done = run("dcm2pdf", path, target)
    assert done.returncode == 0, done.stderr
    return target.read_bytes()


def checked(folder: Path) -> list[str]:
    """What is found of a folder's objects, in lines; the last says how many objects there were."""
    lines = []
    paths = sorted(folder.glob("*.dcm"))
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        if tool("dciodvfy"):
            for path in paths:
                lines += [f"dciodvfy, {path.name}: {error}" for error in errors_of_validator(path, scratch)]
        for archive, serve in ARCHIVES.items():
            absent = missing_for(archive)
            if absent:
                lines.append(f"{archive}: not checked, {', '.join(absent)} not installed")
                continue
            (scratch / archive).mkdir()
            with serve(scratch / archive) as peer:
                back = peer.keeps(paths)
                wrong = unlike(paths, back)
                lines.append(f"{archive}: {len(paths) - len(wrong)} of {len(paths)} equal {' '.join(wrong)}")
        for path in paths:
            dataset = pydicom.dcmread(path)
            if dataset.SOPClassUID == EncapsulatedPDFStorage and tool("dcm2pdf"):
                same = document_by_dcm2pdf(path, scratch) == document_of(dataset)
                lines.append(f"dcm2pdf, {path.name}: {'equal bytes' if same else 'OTHER BYTES'}")
            if "research" not in str(dataset.get("SeriesDescription", "")).lower():
                lines.append(f"{path.name}: no notice in its series description")
            if dataset.Modality == "SR" and tool("dsrdump"):
                lines.append(f"dsrdump, {path.name}: {len(text_by_dsrdump(path).splitlines())} lines")
    return [*lines, f"{len(paths)} objects"]


if __name__ == "__main__":
    print("\n".join(checked(Path(sys.argv[1]))))
