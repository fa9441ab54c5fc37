"""How the plan screen sets other protocols beside the patient's own."""

from __future__ import annotations

from typing import Final

from app.number_grid import Cell, GridColumn, GridRow
from app.operations.data_folder import data_folder
from app.protocols.own_protocols import FOLDER, OwnProtocol, own_protocols
from dosimetry_core.errors import DosimetryError
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.pipeline.alternatives import ProtocolAlternative, plans_by_protocol
from dosimetry_core.planning.protocol import Protocol, bundled_protocols, read_protocol
from dosimetry_core.report.words import limiting_words, nuclide_symbol
from dosimetry_core.units import GIGABECQUEREL, GRAY, PERCENT

OTHER_COLUMNS: Final = (
    GridColumn("protocol", "Protocol"),
    GridColumn("activity", "Next (GBq)", "activities of the next cycle"),
    GridColumn("kidneys", "Gy", "absorbed dose of the kidneys at the end of that protocol's course"),
    GridColumn("p", "P %", "largest probability of exceeding a limit"),
)

OTHER_NOTE: Final = "Gy: kidneys at the end of that course. P: largest probability of exceeding a limit."


class OtherProtocols:
    """What every other protocol would propose: those of the program and the clinic's own, each worked out once.

    They are worked out anew for other results, and when a protocol of the clinic was saved meanwhile.
    """

    def __init__(self) -> None:
        self._state: tuple[Evaluation, tuple[tuple[str, int], ...]] | None = None
        self._alternatives: tuple[ProtocolAlternative, ...] = ()
        self._own: frozenset[str] = frozenset()
        self._faulty: tuple[str, ...] = ()

    def shown(self, proposed: Evaluation, mark: str) -> tuple[list[GridRow], str]:
        """Their rows, and what is to be said of them."""
        state = (proposed, _saved())
        if self._state is None or self._state[0] is not state[0] or self._state[1] != state[1]:
            self._compare(proposed)
            self._state = state
        rows = [other_row(each, mark, is_own=each.protocol.digest in self._own) for each in self._alternatives]
        said = dict.fromkeys(f"{each.reason}." for each in self._alternatives if each.reason is not None)
        faults = [f"The clinic's own protocol {name} has faults." for name in self._faulty]
        # Names of case-file keys are long: let them break, or they would push the panel out of the window.
        words = [text.replace("_", "_\N{ZERO WIDTH SPACE}") for text in (*said, *faults)]
        return rows, " ".join([OTHER_NOTE, *words])

    def _compare(self, proposed: Evaluation) -> None:
        files = _own_files()
        own = [each.checked.protocol for each in files if each.checked.protocol is not None]
        self._faulty = tuple(each.name for each in files if each.checked.protocol is None)
        self._own = frozenset(protocol.digest for protocol in own)
        bundled = [read_protocol(name) for name in bundled_protocols()]
        others: list[Protocol] = [each for each in (*bundled, *own) if each.digest != proposed.protocol.digest]
        self._alternatives = plans_by_protocol(proposed, others)


def _own_files() -> tuple[OwnProtocol, ...]:
    try:
        return own_protocols(data_folder())
    except (DosimetryError, OSError):  # the data folder is not to be had; the program's own protocols are
        return ()


def _saved() -> tuple[tuple[str, int], ...]:
    """Which protocols of the clinic there are, and when each was saved."""
    try:
        files = sorted((data_folder() / FOLDER).glob("*.toml"))
        return tuple((path.name, path.stat().st_mtime_ns) for path in files)
    except (DosimetryError, OSError):
        return ()


def other_row(alternative: ProtocolAlternative, mark: str, *, is_own: bool = False) -> GridRow:
    """One protocol: what it would give, and what that does; one of the clinic's own is marked as such."""
    protocol, plan = alternative.protocol, alternative.plan
    cells: dict[str, Cell] = {"protocol": f"{protocol.name} (own)" if is_own else protocol.name}
    if plan is None:
        cells |= {"activity": "not known", "kidneys": None, "p": None}
        return GridRow(_key(alternative, is_own), cells, alternative.reason or "", mark)
    if plan.next_cycle is None or plan.stop:
        word = "done" if plan.next_cycle is None else "stop"
        cells |= {"activity": word, "kidneys": None, "p": None}
        return GridRow(_key(alternative, is_own), cells, f"{protocol.title}: {limiting_words(plan.limiting)}", mark)
    kidneys = plan.forecast.predicted.get("kidneys")
    known = [p for p in plan.forecast.probability_of_exceeding.values() if p is not None]
    cells |= {
        "activity": " + ".join(
            f"{GIGABECQUEREL.text(activity, with_symbol=False)} {nuclide_symbol(name)}"
            for name, activity in plan.activities_bq.items()
        ),
        "kidneys": None if kidneys is None else GRAY.text(kidneys.course_gy, digits=1, with_symbol=False),
        "p": PERCENT.text(max(known), digits=0, with_symbol=False) if known else None,
    }
    limited = f"limited by {limiting_words(plan.limiting)}"
    return GridRow(
        _key(alternative, is_own), cells, f"{protocol.title}; {limited}", mark or ("" if plan.feasible else "error")
    )


def _key(alternative: ProtocolAlternative, is_own: bool) -> str:
    """What tells the row apart: an own protocol may have the name that another file has inside."""
    return f"{alternative.protocol.name} {alternative.protocol.digest}" if is_own else alternative.protocol.name
