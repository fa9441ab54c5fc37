from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from app.cli import main
from app.plans.page_images import page_texts
from app.plans.signing import plan_document, sign_plan
from app.plans.verification import verify_plan
from tests.app.plans.attacks import ATTACKS
from tests.app.plans.standalone import refusal
from tests.app.signing_examples import SIGNED_AT, approved_plan, physicist, signed_plan, trusted
from tests.plan_examples import record_of, tandem_results


def test_that_the_honest_plans_are_accepted_by_both_verifiers() -> None:
    """Without this, a verifier that refuses everything would pass all that follows."""
    for pdf in (signed_plan(), approved_plan()):
        assert verify_plan(pdf, trust=trusted()).accepted
        assert refusal(pdf, trusted()) is None


def test_that_an_honest_plan_without_room_for_the_free_nuclide_is_accepted_by_both_verifiers() -> None:
    """Below nothing is in the record with its sign; the page says that nothing is left."""
    results = tandem_results()
    results["plan"]["unrounded_activities_bq"]["Y-90"] = -0.044e9
    results["plan"]["activities_bq"]["Y-90"] = 0.0
    pdf = sign_plan(plan_document(results, record_of(results)), physicist(), reason="", time=SIGNED_AT)
    assert "no activity is left" in " ".join(page_texts(pdf)[0].split())
    assert "−0.044" not in page_texts(pdf)[0]
    assert verify_plan(pdf, trust=trusted()).accepted
    assert refusal(pdf, trusted()) is None


def test_that_there_are_more_than_thirty_attacks() -> None:
    assert len(ATTACKS) > 30


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_that_the_attack_is_refused_with_its_reason_by_both_verifiers(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUTETIA_DATA", str(tmp_path / "data"))
    attack = ATTACKS[name]()
    file = tmp_path / "plan.pdf"
    file.write_bytes(attack.pdf)
    arguments = ["verify", str(file)]
    for number, certificate in enumerate(attack.trust):
        (tmp_path / f"{number}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        arguments += ["--trust", str(tmp_path / f"{number}.pem")]
    for number, listed in enumerate(attack.revoked):
        (tmp_path / f"{number}.crl").write_bytes(listed.public_bytes(Encoding.PEM))
        arguments += ["--revoked", str(tmp_path / f"{number}.crl")]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert attack.words in said
    assert said.strip()
    assert refusal(attack.pdf, attack.trust, attack.revoked) is not None


def test_that_without_its_second_signature_a_plan_is_signed_but_never_approved() -> None:
    """The first revision is a plan as the physicist signed it: nothing in it claims an approval."""
    from app.plans.sealed_file import seals_of

    pdf = approved_plan()
    cut = pdf[: seals_of(pdf)[0].end]
    assert cut == signed_plan()
    assert verify_plan(cut, trust=trusted()).state == "signed"
