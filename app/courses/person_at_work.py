"""Who is working: asked, never taken from the computer; asked again after a time in which nobody did anything."""

from __future__ import annotations

import sys
import time
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from app.store.course_search import folded
from dosimetry_core.errors import DosimetryError
from dosimetry_core.units import SECONDS_PER_MINUTE

WorkingRole = Literal["physicist", "physician", "technologist"]
WORKING_ROLES: Final[tuple[WorkingRole, ...]] = get_args(WorkingRole)
ASK_AGAIN_AFTER_S: Final = 30 * SECONDS_PER_MINUTE
"""Choice of this program: about a coffee and a consultation; the site configuration can set another time."""
LONGEST_NAME: Final = 64
"""As in a signing certificate (RFC 5280, appendix A: ub-common-name)."""


@dataclass(frozen=True)
class Person:
    """A name as its bearer gave it, and what the person is; ``role`` None where only a name is known."""

    name: str
    role: WorkingRole | None = None

    def text(self) -> str:
        """As the record keeps it: ``"A. Nowak, physicist"``."""
        return f"{self.name}, {self.role}" if self.role else self.name


def person_of(text: str) -> Person:
    """The person of a kept text: ``"A. Nowak, physicist"``, or a name alone."""
    name, comma, role = text.rpartition(", ")
    known = next((known for known in WORKING_ROLES if known == role), None)
    return Person(name, known) if comma and name and known else Person(text)


def new_person(name: str, role: str) -> Person:
    """A person as typed.

    Raises
    ------
    DosimetryError
        If the name is empty, longer than 64 characters or not readable, or no role was chosen.
    """
    shown = unicodedata.normalize("NFC", " ".join(name.split()))
    if not shown:
        raise DosimetryError("the name is missing", remedy="type your name")
    if len(shown) > LONGEST_NAME:
        raise DosimetryError(f"the name is longer than {LONGEST_NAME} characters", remedy="shorten it")
    if not any(letter.isalpha() for letter in shown) or not shown.isprintable():
        raise DosimetryError(f"{shown!r} is no name", remedy="type your name")
    known = next((known for known in WORKING_ROLES if known == role), None)
    if known is None:
        raise DosimetryError("the role is missing", remedy="choose one")
    return Person(shown, known)


def known_people(texts: Iterable[str]) -> tuple[Person, ...]:
    """Who has worked with this store, each once, the last first; ``texts`` are those of its events, the newest first.

    A name counts as the same whatever its case, accents and spaces; it is shown as it was last given.
    """
    found: dict[str, Person] = {}
    for text in texts:
        person = person_of(text)
        found.setdefault(folded(person.name), person)
    return tuple(found.values())


def seconds_passed() -> float:
    """A clock that also runs while the computer sleeps and that nobody sets."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class WorkingPerson:
    """Who is working in this window.

    Parameters
    ----------
    ask_again_after_s
        A person who did nothing for so long is asked again before the next edit.
    clock
        Seconds; never goes back.
    """

    def __init__(
        self, *, ask_again_after_s: float = ASK_AGAIN_AFTER_S, clock: Callable[[], float] = seconds_passed
    ) -> None:
        if not ask_again_after_s > 0:
            raise ValueError("the time after which a person is asked again must be positive")
        self._ask_again_after_s = ask_again_after_s
        self._clock = clock
        self._person: Person | None = None
        self._last: Person | None = None
        self._last_input_s = clock()

    @property
    def person(self) -> Person | None:
        """Who is working; None until somebody said so, and after a time without input."""
        self._look_at_the_clock()
        return self._person

    @property
    def last(self) -> Person | None:
        """Who worked before the question was asked again; None for the first person of this session."""
        return self._last

    def give(self, person: Person) -> None:
        """Somebody said who is working."""
        self._person = self._last = person
        self._last_input_s = self._clock()

    def touch(self) -> None:
        """The mouse or the keyboard was used: the time begins anew, unless it had run out before."""
        self._look_at_the_clock()
        self._last_input_s = self._clock()

    def seconds_left(self) -> float:
        """How long until the person is asked again if nothing is touched; 0 where nobody is working."""
        if self.person is None:
            return 0.0
        return self._ask_again_after_s - (self._clock() - self._last_input_s)

    def reason(self) -> str:
        """Why nothing can be changed now, and what to do; empty if it can."""
        if self.person is not None:
            return ""
        if self._last is None:
            return "Say who is working first."
        minutes = self._ask_again_after_s / SECONDS_PER_MINUTE
        return f"Nobody worked here for {minutes:.0f} min: say who is working now."

    def _look_at_the_clock(self) -> None:
        if self._person is not None and self._clock() - self._last_input_s >= self._ask_again_after_s:
            self._person = None
