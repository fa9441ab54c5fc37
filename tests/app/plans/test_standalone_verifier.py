from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from app.cli import main
from tests.app.plans.standalone import VERIFIER
from tests.app.signing_examples import approved_plan, trusted


def test_that_the_verifier_is_short_and_needs_nothing_of_ours() -> None:
    source = VERIFIER.read_text("utf-8")
    assert len(source.splitlines()) < 200
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    assert all(ast.get_docstring(function) for function in functions)
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - sys.stdlib_module_names == {"cryptography"}


@pytest.fixture
def handed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What ``lutetia verify --extract`` gives an auditor."""
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path / "data"))
    (tmp_path / "a.pdf").write_bytes(approved_plan())
    options = []
    for number, certificate in enumerate(trusted()):
        (tmp_path / f"{number}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        options += ["--trust", str(tmp_path / f"{number}.pem")]
    folder = tmp_path / "audit"
    assert main(["verify", str(tmp_path / "a.pdf"), *options, "--extract", str(folder)]) == 0
    return folder


def _run(folder: Path, *names: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-X", "utf8", "verify_plan.py", *names]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)


def test_that_an_auditor_verifies_with_what_was_handed_over(handed_over: Path) -> None:
    told = _run(handed_over, "plan.pdf", "physicist.pem", "physician.pem")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("accepted\nphysicist: Łucja Żółć")
    assert '"administered_activity_gbq": "1.65"' in told.stdout
    for role in ("physicist", "physician"):
        assert _run(handed_over, "plan.json", f"plan.{role}.p7s", f"{role}.pem").returncode == 0


def test_that_the_auditor_is_told_why_not(handed_over: Path) -> None:
    record = (handed_over / "plan.json").read_bytes()
    (handed_over / "plan.json").write_bytes(record.replace(b"1.65", b"1.66"))
    told = _run(handed_over, "plan.json", "plan.physicist.p7s", "physicist.pem")
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("refused: changed after signing")
    assert "not trusted" in _run(handed_over, "plan.pdf", "physicist.pem").stderr
    assert "refused" in _run(handed_over, "verify_plan.py", "physicist.pem").stderr


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("role", ["physicist", "physician"])
def test_that_openssl_verifies_the_detached_signature(handed_over: Path, role: str) -> None:
    command = [
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"plan.{role}.p7s", "-content", "plan.json",
        "-CAfile", f"{role}.pem", "-partial_chain", "-purpose", "any", "-cades", "-out", "told",
    ]  # fmt: skip
    told = subprocess.run(command, cwd=handed_over, capture_output=True, text=True, check=False)
    if re.search("certificate has expired", told.stderr):  # the certificates of the examples end in 2027
        pytest.skip("the example's certificate has expired")
    assert told.returncode == 0, told.stderr
    assert (handed_over / "told").read_bytes() == (handed_over / "plan.json").read_bytes()


def test_that_nothing_is_handed_over_of_a_refused_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path / "data"))
    (tmp_path / "a.pdf").write_bytes(approved_plan()[:-1])
    assert main(["verify", str(tmp_path / "a.pdf"), "--extract", str(tmp_path / "audit")]) == 2
    assert "nothing of it is worth keeping" in capsys.readouterr().err
    assert not (tmp_path / "audit").exists()
