"""Attacks on who signed a plan, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from pyhanko.sign.fields import MDPPerm

from app.plans import pdf_revision
from tests.app.plans.attack import Attack, attack
from tests.app.signing_examples import (
    APPROVED_AT,
    SIGNED_AT,
    START,
    Identity,
    identity,
    physician,
    physicist,
    sealed,
    signed_plan,
    trusted,
    unsigned_plan,
)
from tests.plan_examples import CALCULATED_AT


@attack
def look_alike_signer() -> Attack:
    return Attack(sealed(unsigned_plan(), identity("Łucja Żółć", "physicist")), "not trusted (another one of the same")


@attack
def look_alike_letters_in_the_name() -> Attack:
    cyrillic = "".join(chr(code) for code in (0x041B, 0x0443, 0x0446, 0x0458, 0x0430))
    return Attack(sealed(unsigned_plan(), identity(cyrillic, "physicist")), "not trusted (self-made)")


@attack
def self_made_identity() -> Attack:
    return Attack(sealed(unsigned_plan(), identity("A. Stranger", "physicist")), "not trusted (self-made)")


@attack
def look_alike_authority() -> Attack:
    real, double = (identity("Hospital CA", "authority", authority=True) for _ in range(2))
    signed = sealed(unsigned_plan(), identity("Issued", "physicist", issuer=double))
    return Attack(signed, "who is not trusted for it", [real.certificate])


@attack
def issued_by_a_colleague() -> Attack:
    signed = sealed(unsigned_plan(), identity("Issued", "physicist", issuer=physicist()))
    return Attack(signed, "who is not trusted for it")


@attack
def authority_not_yet_valid() -> Attack:
    late = identity("Hospital CA", "authority", authority=True, start=SIGNED_AT + timedelta(days=1))
    signed = sealed(unsigned_plan(), identity("Issued", "physicist", issuer=late))
    return Attack(signed, "who is not trusted for it", [late.certificate])


def revocation_list(authority: Identity, *revoked: Identity) -> x509.CertificateRevocationList:
    """The authority's list of certificates it took back."""
    builder = x509.CertificateRevocationListBuilder(authority.certificate.subject, START, START + timedelta(days=3650))
    for each in revoked:
        entry = x509.RevokedCertificateBuilder(each.certificate.serial_number, START + timedelta(days=2))
        builder = builder.add_revoked_certificate(entry.build())
    assert not callable(authority.private_key)
    return builder.sign(authority.private_key, hashes.SHA256())


@attack
def revoked_certificate() -> Attack:
    authority = identity("Hospital CA", "authority", authority=True)
    signer = identity("Issued", "physicist", issuer=authority)
    listed = revocation_list(authority, signer)
    return Attack(sealed(unsigned_plan(), signer), "was revoked on 2025-01-03", [authority.certificate], (listed,))


@attack
def false_list_of_revoked_certificates() -> Attack:
    real, double = (identity("Hospital CA", "authority", authority=True) for _ in range(2))
    signed = sealed(unsigned_plan(), identity("Issued", "physicist", issuer=real))
    return Attack(signed, "not authentic", [real.certificate], (revocation_list(double),))


@attack
def expired_certificate() -> Attack:
    late = identity("Late", "physicist", start=datetime(2024, 1, 1, tzinfo=UTC), days=10)
    return Attack(sealed(unsigned_plan(), late), "outside the validity", [late.certificate])


@attack
def certificate_not_yet_valid() -> Attack:
    early = identity("Early", "physicist", start=SIGNED_AT + timedelta(days=1))
    return Attack(sealed(unsigned_plan(), early), "outside the validity", [early.certificate])


@attack
def clock_set_back() -> Attack:
    signed = sealed(unsigned_plan(), physicist(), time=CALCULATED_AT - timedelta(seconds=1))
    return Attack(signed, "before the calculation")


@attack
def clock_set_forward() -> Attack:
    long = identity("Long", "physicist", days=30_000)
    signed = sealed(unsigned_plan(), long, time=datetime(2049, 1, 1, tzinfo=UTC))
    return Attack(signed, "in the future", [long.certificate])


@attack
def approved_before_it_was_signed() -> Attack:
    pdf = sealed(signed_plan(), physician(), field="Physician", time=SIGNED_AT - timedelta(seconds=1))
    return Attack(pdf, "before the first signature")


@attack
def both_signatures_by_one_person() -> Attack:
    pdf = sealed(signed_plan(), physicist(), field="Physician", time=APPROVED_AT)
    return Attack(pdf, "signer and approver are the same")


@attack
def signature_of_the_physician_with_the_key_of_the_physicist() -> Attack:
    assert not callable(physicist().private_key)
    double = identity("Dr. Double", "physician", key=physicist().private_key)
    pdf = sealed(signed_plan(), double, field="Physician", time=APPROVED_AT)
    return Attack(pdf, "signer and approver are the same", [*trusted(), double.certificate])


@attack
def signed_by_a_physician() -> Attack:
    return Attack(sealed(unsigned_plan(), physician()), "is no physicist")


@attack
def approved_by_a_second_physicist() -> Attack:
    second = identity("Second", "physicist")
    pdf = sealed(signed_plan(), second, field="Physician", time=APPROVED_AT)
    return Attack(pdf, "is no physician", [*trusted(), second.certificate])


@attack
def physician_alone() -> Attack:
    return Attack(sealed(unsigned_plan(), physician(), field="Physician"), "physicist first")


@attack
def certificate_for_another_use() -> Attack:
    other = identity("Other use", "physicist", usage=None)
    return Attack(sealed(unsigned_plan(), other), "not for signing documents", [other.certificate])


@attack
def later_changes_allowed() -> Attack:
    weaker = mock.Mock(FILL_FORMS=MDPPerm.ANNOTATE)
    with mock.patch.object(pdf_revision, "MDPPerm", weaker):
        return Attack(sealed(unsigned_plan(), physicist()), "does not restrict later changes")
