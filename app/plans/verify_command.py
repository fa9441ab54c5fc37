"""``lutetia verify``: who signed what and when, whether anything was changed, and what an auditor takes away."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from app.plans.verification import Verification

DONE: Final = 0
REFUSED: Final = 2
VERIFIER_NAME: Final = "verify_plan.py"


def add_verify_parser(commands: Any) -> None:
    """Add ``verify``."""
    verify = commands.add_parser("verify", help="who signed what, and whether anything was changed")
    verify.add_argument("file", type=Path, metavar="FILE.pdf")
    verify.add_argument("--trust", type=Path, action="append", default=[], metavar="CERT.pem")
    verify.add_argument("--revoked", type=Path, action="append", default=[], metavar="LIST.crl")
    verify.add_argument(
        "--extract", type=Path, metavar="DIR", help="write record, results, signatures and the stand-alone verifier"
    )


def verify(arguments: argparse.Namespace) -> int:
    """Who signed what and when, whether anything was changed; exit status 0 only if all holds."""
    from app.operations.site_configuration import read_site_configuration
    from app.plans.identity import read_file
    from app.plans.site_trust import site_trust
    from app.plans.verification import verify_plan
    from app.plans.verification_in_store import existing_store, with_store

    content = read_file(arguments.file)
    trusted = site_trust(read_site_configuration(), named=arguments.trust, revoked=arguments.revoked)
    verification = verify_plan(content, trust=trusted.certificates, revoked=trusted.revoked)
    verification = with_store(verification, content, open_existing=existing_store)
    print(verification.text())
    if arguments.extract is not None:
        extract(verification, content, arguments.extract)
        print(arguments.extract)
    if not verification.accepted:
        for problem in verification.problems:
            print(f"{arguments.file}: {problem}", file=sys.stderr)
        return REFUSED
    return DONE


def extract(verification: Verification, pdf: bytes, folder: Path) -> None:
    """Write what proves a plan without this program: file, record, results, signatures, certificates, verifier.

    Raises
    ------
    DosimetryError
        If nothing can be read in the file, or the folder exists or can't be written.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    from app.outputs import output_folder, require_folder
    from app.plans.pdf_revision import PHYSICIAN_FIELD, PHYSICIST_FIELD
    from dosimetry_core.data_tables import table_bytes
    from dosimetry_core.errors import DosimetryError
    from dosimetry_core.plan_record import RECORD_NAME, RESULTS_NAME

    plan = verification.plan
    if plan is None or verification.state == "refused":
        raise DosimetryError("was refused: nothing of it is worth keeping", where="--extract", remedy="see the reasons")
    require_folder(folder)
    contents = {
        "plan.pdf": pdf,
        RECORD_NAME: plan.record_bytes,
        RESULTS_NAME: plan.results_bytes,
        VERIFIER_NAME: table_bytes("verifier", VERIFIER_NAME),
    }
    for proof in verification.proofs:
        role = {PHYSICIST_FIELD: "physicist", PHYSICIAN_FIELD: "physician"}[proof.field]
        contents[f"{role}.pem"] = proof.certificate.public_bytes(Encoding.PEM)
        if proof.record_signature:
            contents[f"plan.{role}.p7s"] = proof.record_signature
        if proof.time_stamp:
            contents[f"plan.{role}.tst"] = proof.time_stamp
    with output_folder(folder) as unfinished:
        for name, content in contents.items():
            (unfinished / name).write_bytes(content)
