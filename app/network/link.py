"""One association with a node, and what went wrong with it in words."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, build_role
from pynetdicom.association import Association

from app.network.encryption import client_context, encryption_fault
from app.network.errors import BrokenOffError, NetworkError, place_of
from app.network.nodes import NetworkSettings, Node
from app.network.patience import Patience
from app.network.services import VERIFICATION

UNCOMPRESSED = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
SUCCESS = 0x0000
_PENDING = (0xFF00, 0xFF01)
# Codes of C-STORE that mean "kept, with a remark" (PS3.4 B.2.3).
_WARNINGS = (0xB000, 0xB006, 0xB007)
MOST_CONTEXTS = 128
"""Of one association (PS3.8 9.3.2.2)."""


# How long a peer that is left has to take note of it.
_LEAVE_S = 0.5


def _nothing() -> None:
    """Nobody hears of the waiting, and nothing else tells of the peer."""


@contextlib.contextmanager
def association(
    settings: NetworkSettings,
    node: Node,
    contexts: Sequence[tuple[str, Sequence[str]]],
    *,
    receives: Sequence[tuple[str, Sequence[str]]] = (),
    handlers: Sequence[tuple[Any, ...]] = (),
    hears_requests: bool = False,
    waiting: Callable[[], None] = _nothing,
    signs: Callable[[], object] = _nothing,
) -> Iterator[Association]:
    """An open association; released at the end, aborted if the block ends by an error.

    Parameters
    ----------
    contexts
        SOP class and its transfer syntaxes, at most 128.
    receives
        SOP class and transfer syntaxes that the peer may store here over this association (C-GET).
    hears_requests
        Whether the peer may ask something by itself over this association (a commitment report).
    waiting
        Is called a few times a second while an answer is waited for; what it raises ends the association.
    signs
        A value that changes while something comes from the peer over other connections.

    Raises
    ------
    NetworkError
        If nothing answers in time, or the peer refuses.
    """
    if len(contexts) + len(receives) > MOST_CONTEXTS:
        raise ValueError("an association holds at most 128 presentation contexts")
    entity = AE(ae_title=settings.own_ae_title)
    entity.connection_timeout = settings.connect_s
    entity.acse_timeout = settings.connect_s
    entity.dimse_timeout = entity.network_timeout = settings.answer_s
    for sop_class, syntaxes in (*contexts, *receives):
        entity.add_requested_context(sop_class, list(syntaxes))
    roles: list[Any] = [build_role(one, scp_role=True) for one in sorted({sop_class for sop_class, _ in receives})]
    named: dict[str, Any] = {"tls_args": (client_context(settings, node), node.host)} if node.tls else {}
    patience = Patience(settings.answer_s, waiting, signs)
    link = entity.associate(
        node.host,
        node.port,
        ae_title=node.ae_title,
        ext_neg=roles,
        evt_handlers=[*handlers, *patience.handlers],
        **named,
    )
    if not link.is_established:
        raise _not_established(link, settings, node)
    patience.watch(link, hears_requests=hears_requests)
    try:
        yield link
    except BaseException:
        # A frozen peer does not take note of the end either.
        link.acse_timeout = _LEAVE_S
        link.abort()
        raise
    else:
        if link.is_established:
            link.release()


def _not_established(link: Association, settings: NetworkSettings, node: Node) -> NetworkError:
    where = place_of(node)
    if link.is_rejected:
        answer = link.acceptor.primitive
        why = f": {answer.reason_str}" if answer is not None else ""
        return NetworkError(
            f"refuses the association{why}",
            where=where,
            remedy=f"have {settings.own_ae_title} entered there, and check its title",
        )
    fault = encryption_fault(settings, node) if node.tls else None
    if fault is not None:
        return fault
    return NetworkError(
        f"does not answer within {settings.connect_s:g} s, or breaks off",
        where=where,
        remedy="check host, port, encryption and whether it is running",
    )


def check_status(status: Dataset, node: Node, what: str, settings: NetworkSettings) -> None:
    """Raise unless an answer says that all is well, or kept with a remark.

    Raises
    ------
    NetworkError
        With the code and the comment of the answer, or that there was none.
    """
    if "Status" not in status:
        raise BrokenOffError(
            f"{what}: no answer within {settings.answer_s:g} s, or the connection broke",
            where=place_of(node),
            remedy="try again; what was acknowledged is not sent twice",
        )
    if status.Status not in (SUCCESS, *_WARNINGS, *_PENDING):
        comment = str(status.get("ErrorComment", "")).strip()
        raise NetworkError(
            f"{what}: refused with 0x{status.Status:04X}" + (f", {comment}" if comment else ""),
            where=place_of(node),
            remedy="ask who runs the archive",
        )


def is_pending(status: Dataset) -> bool:
    """Whether more answers follow."""
    return "Status" in status and status.Status in _PENDING


def echo(settings: NetworkSettings, node: Node, *, waiting: Callable[[], None] = _nothing) -> None:
    """Ask a node whether it is there.

    Raises
    ------
    NetworkError
        If it isn't, or answers otherwise.
    """
    if node.is_web:
        from app.network.web import echo_web

        echo_web(settings, node, waiting)
        return
    with association(settings, node, [(VERIFICATION, UNCOMPRESSED)], waiting=waiting) as link:
        check_status(link.send_c_echo(), node, "echo", settings)
