"""Attacks by strangers: on the file after it was signed, and on the container of a signature."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from unittest import mock

from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from app.plans.pdf_revision import ACTS
from app.plans.sealed_file import Seal, seals_of
from app.plans.signature_container import P256_ORDER, container_bytes, reserved_bytes
from tests.app.plans.appended_revisions import CHANGES, Change, appended
from tests.app.plans.attack import ATTACKS, CHANGED, PAGES, Attack, attack
from tests.app.plans.rebuilt_pdf import objects_of, stream_object
from tests.app.signing_examples import (
    APPROVED_AT,
    SIGNED_AT,
    approved_plan,
    identity,
    physician,
    physicist,
    sealed,
    signed_plan,
    unsigned_plan,
)


def _by_revisions(name: str, change: Change) -> None:
    ATTACKS[f"{name} in an appended revision"] = functools.cache(
        lambda: Attack(appended(approved_plan(), change), "something was added after signing")
    )
    ATTACKS[f"{name} between the signatures"] = functools.cache(
        lambda: Attack(sealed(appended(signed_plan(), change), physician(), field="Physician", time=APPROVED_AT), PAGES)
    )
    ATTACKS[f"{name} in the draft that was signed"] = functools.cache(
        lambda: Attack(sealed(appended(unsigned_plan(), change), physicist()), "")
    )


for _name, _change in CHANGES.items():
    _by_revisions(_name, _change)


@attack
def garbage_appended() -> Attack:
    return Attack(approved_plan() + b"\n% a word more\n", "something was added after signing")


@attack
def garbage_before_the_file() -> Attack:
    return Attack(b"\n" + approved_plan(), CHANGED)


@attack
def truncated() -> Attack:
    return Attack(approved_plan()[:-1], CHANGED)


@attack
def file_doubled() -> Attack:
    return Attack(approved_plan() + approved_plan(), "more signatures than a plan can have")


@attack
def second_signature_blanked() -> Attack:
    pdf = approved_plan()
    seal = seals_of(pdf)[1]
    return Attack(pdf[: seal.start + 1] + b"0" * (seal.stop - seal.start - 2) + pdf[seal.stop - 1 :], CHANGED)


@attack
def object_replaced_in_place() -> Attack:
    pdf = approved_plan()
    return Attack(pdf.replace(b"DEMO-001", b"DEMO-002", 1), CHANGED)


@attack
def metadata_rewritten_in_place() -> Attack:
    pdf = approved_plan()
    at = pdf.index(b"x:xmpmeta")
    return Attack(pdf[:at] + pdf[at:].replace(b"DEMO-001", b"DEMO-002", 1), CHANGED)


@attack
def signing_time_rewritten_in_place() -> Attack:
    return Attack(approved_plan().replace(b"20250520140911", b"20250520150911", 1), CHANGED)


@attack
def cross_reference_stream_appended() -> Attack:
    pdf = approved_plan()
    number = len(objects_of(unsigned_plan())) + 500
    stream = stream_object(b"\x01\x00\x00", b"/Type/XRef/Size 1/W[1 1 1]/Root 341 0 R")
    shadow = b"\n%d 0 obj\n" % number + stream + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % (len(pdf) + 1)
    return Attack(pdf + shadow, "something was added after signing")


@attack
def hybrid_cross_reference_appended() -> Attack:
    pdf = approved_plan()
    previous = int(re.findall(rb"startxref\r?\n(\d+)", pdf)[-1])
    stream = b"900 0 obj\n" + stream_object(b"\x01\x00\x00", b"/Type/XRef/Size 1/W[1 1 1]") + b"\nendobj\n"
    trailer = b"xref\n0 0\ntrailer\n<</Size 901/Root 341 0 R/Prev %d/XRefStm %d>>\n" % (previous, len(pdf))
    end = b"startxref\n%d\n%%%%EOF\n" % (len(pdf) + len(stream))
    return Attack(pdf + stream + trailer + end, "something was added after signing")


# -------------------------------------------------------------------------------------------- the container


def _with_container(pdf: bytes, content: bytes, seal: Seal, *, form: Callable[[str], str] = str.upper) -> bytes:
    """The file with other bytes in the place of a signature."""
    room = (seal.stop - seal.start - 2) // 2
    return pdf[: seal.start + 1] + form(content.ljust(room, b"\0").hex()).encode() + pdf[seal.stop - 1 :]


def _digest(pdf: bytes, seal: Seal) -> bytes:
    return hashlib.sha256(pdf[: seal.start] + pdf[seal.stop : seal.end]).digest()


def _held(pdf: bytes) -> tuple[Seal, bytes]:
    (seal,) = seals_of(pdf)
    return seal, bytes.fromhex(pdf[seal.start + 1 : seal.stop - 1].decode())


@attack
def detached_signature_of_another_plan() -> Attack:
    pdf = signed_plan()
    other = sealed(unsigned_plan(), physicist(), time=SIGNED_AT + timedelta(seconds=1))
    return Attack(_with_container(pdf, _held(other)[1], _held(pdf)[0]), CHANGED)


@attack
def certificate_of_another_person_of_the_same_name() -> Attack:
    pdf = signed_plan()
    seal, _ = _held(pdf)
    double = identity("Łucja Żółć", "physicist").certificate.public_bytes(Encoding.DER)
    return Attack(_with_container(pdf, container_bytes(_digest(pdf, seal), double, seal.signature), seal), "sign")


@attack
def digest_algorithm_weakened() -> Attack:
    seal, held = _held(signed_plan())
    content = cms.ContentInfo.load(held.rstrip(b"\0") + b"\0" * 2)
    content["content"]["signer_infos"][0]["digest_algorithm"] = {"algorithm": "sha1"}
    return Attack(_with_container(signed_plan(), content.dump(force=True), seal), CHANGED)


@attack
def unsigned_attribute_in_the_padding() -> Attack:
    seal, held = _held(signed_plan())
    return Attack(_with_container(signed_plan(), held[:-2] + b"\x05\x00", seal), "sign")


@attack
def container_in_lower_case() -> Attack:
    seal, held = _held(signed_plan())
    return Attack(_with_container(signed_plan(), held, seal, form=str.lower), CHANGED)


@attack
def other_form_of_the_signature_value() -> Attack:
    pdf = signed_plan()
    seal, _ = _held(pdf)
    r, s = decode_dss_signature(seal.signature)
    certificate = seal.certificate.public_bytes(Encoding.DER)
    other = container_bytes(_digest(pdf, seal), certificate, encode_dss_signature(r, P256_ORDER - s))
    assert len(other) <= reserved_bytes(seal.certificate)
    return Attack(_with_container(pdf, other, seal), "only allowed form")


@attack
def signature_over_another_range_of_bytes() -> Attack:
    pdf = signed_plan()
    (seal,) = seals_of(pdf)
    narrow = f"/ByteRange [0 {seal.start} {seal.stop} {len(pdf) - seal.stop - 1}]".encode()
    return Attack(re.sub(rb"/ByteRange \[[\d ]+\]", narrow, pdf), "")


@attack
def third_signature() -> Attack:
    with mock.patch.dict(ACTS, {"Third": "Signed"}):
        room = appended(approved_plan(), lambda w: append_signature_field(w, SigFieldSpec("Third", box=(0, 0, 99, 50))))
        third = sealed(room, identity("Third", "physician"), field="Third", time=APPROVED_AT)
    return Attack(third, "more signatures")
