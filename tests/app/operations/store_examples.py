"""Five kept courses, and what the commands on them print and leave."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli import main
from app.store import open_store

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
PATIENTS = (
    ("PRRT-0417", "Nowak^Łucja", "duonen-b", 2, 4),
    ("LUT-10", "Kowalski^Jan", "duonen-d", 3, 4),
    ("LUT-9", "Yamada^Tarou=山田^太郎", "garske-roman", 1, None),
    ("TWICE", "Kowalska^Anna", "duonen-b", 1, 4),
    ("TWICE", "Kowalska^Anna", "duonen-d", 1, 4),
)
CASES = [hashlib.sha256(f'{{"case":{number}}}'.encode()).hexdigest() for number in range(len(PATIENTS))]


def course_id(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()[:32]


def listed(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    capsys.readouterr()
    assert main(["list", "--json", *options]) == 0
    return [entry["patient_id"] for entry in json.loads(capsys.readouterr().out)]


def kinds(data: Path) -> list[str]:
    storage = open_store(data, who="test", read_only=True)
    try:
        return [stored.event.kind for stored in storage.events()]
    finally:
        storage.close()


def doctor(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, list[dict[str, str]]]]:
    capsys.readouterr()
    status = main(["doctor", "--json", *options])
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"software", "data_folder", "problems", "checks"}
    by_subject: dict[str, list[dict[str, str]]] = {}
    for line in report["checks"]:
        assert set(line) == {"subject", "state", "text", "remedy"}
        assert line["state"] != "problem" or line["remedy"], line
        by_subject.setdefault(line["subject"], []).append(line)
    assert report["problems"] == sum(line["state"] == "problem" for line in report["checks"])
    assert status == (2 if report["problems"] else 0)
    return status, by_subject
