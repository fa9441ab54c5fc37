"""A plan file held against the store of this computer, if there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from app.operations.data_folder import data_folder
from app.operations.site_configuration import read_site_configuration
from app.operations.store_access import READER, has_store
from app.plans.verification import Verification
from app.store.plan_anchor import testimony
from app.store.storage import Storage, StoreError
from dosimetry_core.canonical_json import sha256_hex
from dosimetry_core.errors import DosimetryError
from dosimetry_core.plan_record import audit_head
from dosimetry_core.report.words import OUTSIDE_A_STORE


def with_store(verification: Verification, pdf: bytes, *, open_existing: Callable[[], Storage | None]) -> Verification:
    """The verdict with what the plan and the store say of the audit chain.

    Parameters
    ----------
    verification
        Of the file alone; one that was refused is left as it is.
    pdf
        The whole file.
    open_existing
        Opens the store for reading; None where there is none. It must make nothing.

    Notes
    -----
    Refused only if this very store contradicts the plan. A store that can't be read, and a plan of another store, are
    no fault of the plan. A plan that a course of the store keeps and that was returned, revoked or superseded there, or
    whose inputs were changed there since, has that as its state: it is not accepted, though its signatures hold.
    """
    if verification.plan is None or verification.state == "refused":
        return verification
    stated = audit_head(verification.plan.record)
    told = _told(
        verification,
        OUTSIDE_A_STORE.rstrip(".")
        if stated is None
        else f"audit chain: {stated.events:,} event{'' if stated.events == 1 else 's'} before the plan, "
        f"head {stated.head_sha256}",
    )
    try:
        storage = open_existing()
        if storage is None:
            return told
        try:
            said = testimony(
                storage, stated, sha256_hex(pdf), patient_id=str(verification.plan.record["patient"]["id"])
            )
        finally:
            storage.close()
    except StoreError as error:
        return _told(told, f"the store was not looked at: {error.line()}")
    told = _told(told, *said.remarks)
    if said.problems:
        return replace(told, state="refused", problems=(*told.problems, *said.problems))
    if said.ended is not None and told.signers:
        return replace(told, state=said.ended, problems=(*told.problems, said.ended_words))
    return told


def existing_store() -> Storage | None:
    """The store of the data folder, opened for reading; None, and nothing made, where there is none.

    Raises
    ------
    StoreError
        If it can't be opened, or nothing tells where it is.
    """
    try:
        configuration = read_site_configuration()
        folder = data_folder(configuration=configuration)
    except DosimetryError as error:
        raise StoreError(error.what, where=error.where, remedy=error.remedy) from error
    if not has_store(folder):
        return None
    from app.store import open_store  # here: only where there is a store

    return open_store(folder, who=READER, read_only=True, anchor=configuration.anchor_file)


def _told(verification: Verification, *remarks: str) -> Verification:
    return replace(verification, remarks=(*verification.remarks, *remarks))
