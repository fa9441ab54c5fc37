"""Receives objects that a node sends here; runs only while it is switched on."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

from pynetdicom import AE, evt

from app.network.kept_files import KeptFiles
from app.network.link import SUCCESS, UNCOMPRESSED, NetworkError
from app.network.nodes import NetworkSettings
from app.network.services import STORAGE_COMMITMENT, VERIFICATION
from app.network.storage import STORED_HERE, answer
from dosimetry_core.errors import DosimetryError


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
        self._callers = sorted(set(callers) or {node.ae_title for node in settings.nodes})
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
            assert self.kept is not None
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
            entity.add_supported_context(uid, UNCOMPRESSED)
        try:
            self._server = entity.start_server(
                ("", self._settings.receiver_port),
                block=False,
                evt_handlers=[(evt.EVT_C_STORE, store), (evt.EVT_N_EVENT_REPORT, report)],
            )
        except OSError as error:
            raise NetworkError(
                f"can't listen on port {self._settings.receiver_port} ({error.strerror})",
                where="receiver",
                remedy="choose another port in the preferences, and tell the archive",
            ) from error

    def stop(self) -> None:
        """End it; what has come stays."""
        if self._server is not None:
            self._server.shutdown()
            self._server = None

    def __enter__(self) -> Receiver:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
