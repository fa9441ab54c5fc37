"""Invented patients for tests and pictures of the patient list: several scripts, several lengths."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from app.store.events import CourseState, CourseSummary
from app.store.storage import ListedCourse

NAMES = (
    "Nowak^Anna", "Żółć^Łucja", "Łuczak^Świętosława", "Kowalska-Wiśniewska^Maria Magdalena^^dr", "Wójcik^Grzegorz",
    "Lucas^Marie-Thérèse", "Lefèbvre^Noël", "Müller^Jürgen", "Mueller^Jutta", "Straßer^Käthe",
    "Wolfeschlegelsteinhausenbergerdorff^Maximiliane-Theodora", "Ångström^Åsa", "Øvergård^Bjørn", "Đorđević^Đurđica",
    "İpek^Işıl", "Ilgın^Ömer", "Nguyễn^Thị Ánh", "O’Brien^Siobhán", "D'Angelo^Niccolò", "Þórsdóttir^Æsa",
    "Παπαδόπουλος^Γεώργιος", "Ωνάση^Αθηνά", "Иванова^Елена^Сергеевна", "Ёлкин^Пётр", "Шевченко^Ґанна",
    "Yamada^Tarou=山田^太郎=やまだ^たろう", "Wang^Xiaoming=王^小明", "Kim^Chul-soo=김^철수", "張^偉",
    "الحسن^محمد", "Haddad^Layla=حداد^ليلى", "כהן^רחל", "მამულაშვილი^ნინო", "Հակոբյան^Անի",
    "शर्मा^प्रिया", "ศรีสุข^สมชาย", "Smith^John", "Smith^John", "da Silva^João", "Ñúñez^Íñigo",
)  # fmt: skip
PROTOCOLS = ("duonen-a", "duonen-b", "duonen-c", "duonen-d", "garske-roman")
PEOPLE = ("A. Nowak", "B. Lindqvist", "Dr. C. Papadopoulou", "M. Żółkiewska-Brzęczyszczykiewicz")
START = datetime(2026, 11, 21, 14, 2, tzinfo=UTC)


def course(number: int = 0, **changed: object) -> ListedCourse:
    """One course; ``changed`` are fields of its summary, or when and by whom it was changed."""
    draw = random.Random(number)
    facts: dict[str, object] = {
        "patient_id": f"LUT-2026-{number + 1}",
        "name": NAMES[number % len(NAMES)],
        "birth_date": f"{draw.randint(1938, 1996)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
        "protocol": draw.choice(PROTOCOLS),
        "cycle": draw.randint(1, 4),
        "planned_cycles": 4,
        "state": draw.choice(("draft", "draft", "signed", "approved")),
        "archived": draw.random() < 0.1,
        "changed": START - timedelta(minutes=137 * number),
        "changed_by": draw.choice(PEOPLE),
    } | changed
    when, who = facts.pop("changed"), facts.pop("changed_by")
    assert isinstance(when, datetime)
    state: CourseState = facts.pop("state")  # type: ignore[assignment]
    summary = CourseSummary(state=state, **facts)  # type: ignore[arg-type]
    return ListedCourse(f"course-{number}", summary, number + 1, when, str(who))


def courses(count: int = len(NAMES)) -> tuple[ListedCourse, ...]:
    """So many courses, the last changed first."""
    return tuple(course(number) for number in range(count))
