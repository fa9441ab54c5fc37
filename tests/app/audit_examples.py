"""A store of several courses as people leave it behind: names in several scripts, long reasons, digests."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from typing import Any

from app.store.events import CourseSummary, Event
from dosimetry_core.frozen import FrozenMap
from tests.app.memory_storage import MemoryStorage

WARSAW = timezone(timedelta(hours=1))
PATIENTS = (
    ("PRRT-0012", "Brzęczyszczykiewicz^Świętopełk Wacław"),
    ("PRRT-0013", "Παπαδοπούλου^Ἑλένη"),
    ("PRRT-0014", "Щербаченко^Їжак"),
    ("PRRT-0015", "Wang^XiaoMing=王^小明"),
    ("PRRT-0016", "Demo^Patient"),
    ("PRRT-2025-000123456789/ONK-NUK", "Konstantynopolitańczykowianeczka^Łucja"),
)
PEOPLE = ("A. Kowalska", "Dr. Łucja Żółć", "Δρ. Σοφία Παπαδοπούλου", "J. O'Neill", "سارة محمد")
_ACTS: tuple[tuple[str, str, str | None, str | None, str], ...] = (
    ("edited", "Paint Kidney L", None, None, ""),
    ("edited", "Rename VOI", "Lesion 3", "Liver metastasis segment VII", ""),
    ("edited", "Leave out 192 h of Kidney R", "used", "left out", "Patient moved; the kidney is half outside the field "
     "of view and the activity falls faster than physical decay allows"),
    ("edited", "Administered activity of 90Y", "1.85 GBq", "1.79 GBq", "Residual in the vial was measured twice"),
    ("moved", "Undo Paint Kidney L", None, None, ""),
    ("voi-reviewed", "Kidney R at 48 h looked at", None, None, ""),
    ("step-confirmed", "Confirm step 4, VOIs", "in progress", "confirmed", ""),
    ("activities-chosen", "Activity of cycle 3", "3.70 GBq 177Lu + 1.69 GBq 90Y", "3.70 GBq 177Lu + 1.65 GBq 90Y",
     "Dispensed in steps of 0.05 GBq"),
    ("reason-given", "Reason for probability-above-25-percent", None, "Discussed in the board on 12 March", ""),
    ("images-read", "Read the images of cycle 2", None, "4 SPECT/CT, 1,204 files", ""),
    ("plan-signed", "Sign the plan of cycle 3", "draft", "signed", "Checked, plan of cycle 3"),
)  # fmt: skip


def event_number(number: int, chance: random.Random, moment: datetime) -> Event:
    """One of the acts, by one of the people, on one of the courses."""
    kind, what, old, new, why = chance.choice(_ACTS)
    data: dict[str, Any] = {"pdf_sha256": f"{number:064x}"} if kind == "plan-signed" else {}
    return Event(
        kind,  # type: ignore[arg-type]
        f"course-{number % len(PATIENTS)}",
        chance.choice(PEOPLE),
        what,
        moment,
        old=old,
        new=new,
        why=why,
        data=FrozenMap(data),
    )


def busy_store(count: int) -> MemoryStorage:
    """A store with so many events: made, one course after the other created, then worked on."""
    chance = random.Random(5)
    moment = datetime(2026, 1, 12, 7, 58, 3, 250_000, tzinfo=WARSAW)
    events = [Event("store-created", None, "IT department", "Make the store", moment)]
    for number, (patient_id, name) in enumerate(PATIENTS):
        moment += timedelta(minutes=7)
        summary = CourseSummary(patient_id, name, "1961-03-12", "duonen-b", 2, 4)
        events.append(
            Event("course-created", f"course-{number}", "A. Kowalska", "Create the course", moment, summary=summary)
        )
    for number in range(len(events), count):
        moment += timedelta(seconds=chance.randrange(5, 900))
        events.append(event_number(number, chance, moment))
    storage = MemoryStorage()
    storage.append(events[:count])
    return storage
