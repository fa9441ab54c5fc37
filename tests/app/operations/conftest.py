"""A data folder with five kept courses, and one that is not there."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.store import open_store
from app.store.events import CourseSummary, Event
from dosimetry_core.frozen import FrozenMap
from tests.app.operations.store_examples import BEGIN, PATIENTS, course_id


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name in ("LUTETIA_BY", "LUTETIA_SITE_CONFIGURATION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stdin", None)
    data = tmp_path / "data"
    monkeypatch.setenv("LUTETIA_DATA", str(data))
    storage = open_store(data, who="A. Nowak")
    for number, (patient_id, name, protocol, cycle, planned) in enumerate(PATIENTS):
        content = f'{{"case":{number}}}'.encode()
        digest = hashlib.sha256(content).hexdigest()
        event = Event(
            "course-created",
            course_id(number),
            "A. Nowak",
            "Open case",
            BEGIN + timedelta(hours=number),
            case=digest,
            data=FrozenMap({"folder": f"/cases/{number}", "case_file_sha256": ""}),
            summary=CourseSummary(patient_id, name, "1957-03-04", protocol, cycle, planned),
        )
        storage.append([event], objects={digest: content})
    storage.close()
    return data


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "stdin", None)
    for name in ("LUTETIA_BY", "LUTETIA_SITE_CONFIGURATION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path / "none"))
    return tmp_path / "none"
