"""Receives objects that a node sends here; runs only while it is switched on."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.transport import ThreadedAssociationServer

from app.network.encryption import server_context
from app.network.errors import NetworkError
from app.network.kept_files import KeptFiles
from app.network.link import SUCCESS, UNCOMPRESSED
from app.network.nodes import NetworkSettings
from app.network.patience import limit_each_read
from app.network.services import STORAGE_COMMITMENT, VERIFICATION
from app.network.storage import COMPRESSED, IMAGES_HERE, OUT_OF_RESOURCES, STORED_HERE, answer
from dosimetry_core.errors import DosimetryError

_LOOK_EVERY_S = 0.02
"""How soon the server hears that it is switched off; the window waits for that."""


class _Server(ThreadedAssociationServer):
    """A server that leaves the collection of garbage to Python: a whole round would hold the window up."""

    def service_actions(self) -> None:
        """Nothing between calls."""


class Receiver:
    """A storage server for the length of a ``with`` block, or from `start` to `stop`.

    Only associations that call this workstation by its own title, from the titles of known nodes, are taken.

    Parameters
    ----------
    kept
        Where objects go; None takes none, and only hears storage commitment reports.
    callers
        Titles that may call; those of the known nodes if empty.
    failure
        Gathers why an object could not be written.
    reported
        Is called with the data set of each storage commitment report.
    """

    def __init__(
        self,
        settings: NetworkSettings,
        kept: KeptFiles | None,
        *,
        callers: Sequence[str] = (),
        failure: list[DosimetryError] | None = None,
        reported: Any = None,
    ) -> None:
        self._settings, self.kept = settings, kept
        self._callers = sorted(set(callers) or {node.ae_title for node in settings.nodes if not node.is_web})
        self.failure: list[DosimetryError] = [] if failure is None else failure
        self._reported = reported
        self._server: Any = None

    @property
    def is_on(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    def start(self) -> None:
        """Begin to listen.

        Raises
        ------
        NetworkError
            If the port is taken, or nobody is known who may call.
        """
        if not self._callers:
            raise NetworkError(
                "no node is known that may send here", where="receiver", remedy="save the node of the archive first"
            )

        def store(event: evt.Event) -> int:
            if self.kept is None or self._server is None:
                return OUT_OF_RESOURCES
            return answer(event, self.kept, self.failure)

        def report(event: evt.Event) -> tuple[int, None]:
            if self._reported is not None:
                self._reported(event.event_information, event.event_type)
            return SUCCESS, None

        entity = AE(ae_title=self._settings.own_ae_title)
        entity.require_called_aet = True
        entity.require_calling_aet = self._callers
        entity.network_timeout = entity.dimse_timeout = self._settings.answer_s
        entity.acse_timeout = self._settings.connect_s
        entity.add_supported_context(VERIFICATION, UNCOMPRESSED)
        entity.add_supported_context(STORAGE_COMMITMENT, UNCOMPRESSED, scu_role=False, scp_role=True)
        for uid in STORED_HERE if self.kept is not None else ():
            # Uncompressed is asked for first; what a peer holds compressed it may send so.
            entity.add_supported_context(uid, [*UNCOMPRESSED, *(COMPRESSED if uid in IMAGES_HERE else ())])
        encrypted = server_context(self._settings)
        try:
            server = entity.make_server(
                ("", self._settings.receiver_port),
                ssl_context=encrypted,
                evt_handlers=[
                    (evt.EVT_C_STORE, store),
                    (evt.EVT_N_EVENT_REPORT, report),
                    (evt.EVT_CONN_OPEN, limit_each_read, [self._settings.answer_s]),
                ],
                server_class=_Server,
            )
        except OSError as error:
            raise NetworkError(
                f"can't listen on port {self._settings.receiver_port} ({error.strerror})",
                where="receiver",
                remedy="choose another port in the preferences, and tell the archive",
            ) from error
        entity._servers.append(server)
        self._server = server
        threading.Thread(target=server.serve_forever, args=(_LOOK_EVERY_S,), name="receiver", daemon=True).start()

    def stop(self) -> None:
        """End it, and with it what is just being sent; what has come stays, what comes yet is refused."""
        if self._server is not None:
            server, self._server = self._server, None
            server.shutdown()
            # Who only reports a commitment is let finish.
            for link in server.active_associations if self.kept is not None else ():
                with contextlib.suppress(OSError):
                    link.abort(block=False)

    def __enter__(self) -> Receiver:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
