"""``lutetia return`` and ``lutetia revoke``: a signed plan is taken back, with the reason, where it is kept."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from dosimetry_core.errors import DosimetryError, MissingDataError
from dosimetry_core.planning.plan_states import PlanAction

DONE = 0


def add_parsers(commands: Any) -> None:
    """Both commands."""
    for name, about in (
        ("return", "a physician returns a signed plan with a comment instead of approving it"),
        ("revoke", "take back a signed or approved plan"),
    ):
        parser = commands.add_parser(name, help=about)
        parser.add_argument("file", type=Path, metavar="FILE.pdf")
        parser.add_argument("--sign", type=Path, required=True, metavar="ID.p12")
        parser.add_argument("--passphrase-file", type=Path, required=True, metavar="F")
        parser.add_argument("--reason", "--comment", dest="reason", required=True, metavar="TEXT")


def revoke(arguments: argparse.Namespace) -> int:
    """Keep in the store that the plan is in force no more."""
    from app.commands import passphrase_of
    from app.plans.open_identity import open_identity
    from app.plans.plans_kept import plan_store

    reason = " ".join(arguments.reason.split())
    if not reason:
        raise MissingDataError("is empty", where="--reason", remedy="say why")
    try:
        content = arguments.file.read_bytes()
    except OSError as error:
        raise DosimetryError(f"can't be read ({error.strerror})", where=str(arguments.file)) from error
    identity = open_identity(arguments.sign, passphrase_of(arguments.passphrase_file))
    if identity.role is None:
        raise DosimetryError("states no role", where=str(arguments.sign), remedy="use an identity with a role")
    with plan_store(identity.name) as store:
        if store is None:
            raise MissingDataError(
                "there is no store on this computer that could know of it",
                where=str(arguments.file),
                remedy="destroy the printed plan and the file; a plan outside a store has no state",
            )
        act: PlanAction = "return" if arguments.command == "return" else "revoke"
        store.revoke(content, act, identity.role, who=identity.name, why=reason)
    print(f"{arguments.file}: {'returned' if act == 'return' else 'revoked'} by {identity.name} ({identity.role})")
    return DONE
