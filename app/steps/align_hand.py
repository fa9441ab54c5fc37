"""Cards of the align step: moving by hand, landmarks, organs by themselves, files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QCheckBox

from app.number_grid import GridColumn, GridRow, NumberGrid
from app.steps.step import Section, push_button, text_label
from dosimetry_core.case import Cycle
from dosimetry_core.image import Registration, VoiMotion
from dosimetry_core.quantification.organ_position import displacement_words
from dosimetry_core.units import MILLIMETRE
from widgets.nudge_pad import NudgePad


class HandSection(Section):
    """Which hand the left button is, and the arrows. ``hand_changed`` carries ``""``, ``move`` or ``turn``."""

    hand_changed = Signal(str)

    def __init__(self) -> None:
        super().__init__("Adjust by hand")
        self._group = QButtonGroup(self)
        self.buttons = {}
        for key, text, tip in (
            ("", "Cursor", "The left button moves the linked cursor"),
            ("move", "Move", "Drag the moving image; arrow keys 1 mm (Shift 0.1, Ctrl 5)"),
            ("turn", "Turn", "Drag around the middle; arrow keys 1° (Shift 0.1, Ctrl 5)"),
        ):
            button = push_button(text, name=f"hand_{key or 'cursor'}", tooltip=tip)
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, key=key: self.hand_changed.emit(key))
            self._group.addButton(button)
            self.buttons[key] = button
        self.buttons[""].setChecked(True)
        self.add_row(*self.buttons.values())
        self.pad = NudgePad()
        self.add(self.pad)

    def show_hand(self, hand: str) -> None:
        """Mark the hand that is in use; landmarks have no button here."""
        self._group.setExclusive(False)
        for key, button in self.buttons.items():
            button.setChecked(key == hand)
        self._group.setExclusive(True)


class LandmarkSection(Section):
    """Pairs of landmarks: first in the reference, then in the scan."""

    def __init__(self) -> None:
        super().__init__("Landmarks")
        self.set = push_button(
            "Set pairs", name="landmarks_set", tooltip="Click a place in the reference, then in the scan"
        )
        self.set.setCheckable(True)
        self.remove = push_button("Remove last", name="landmarks_remove")
        self.apply = push_button("Align by them", name="landmarks_apply", tooltip="Least squares; at least three pairs")
        self.add_row(self.set, self.remove, self.apply)
        self.told = text_label(role="dimmed", name="landmarks_told", wrap=True)
        self.add(self.told)
        self.grid = NumberGrid("landmarks")
        self.add(self.grid)

    def show_pairs(self, distances_mm: Sequence[float], *, waiting_for: str) -> None:
        """Distances of the pairs under the registration as it is; ``waiting_for``: ``reference``, ``scan`` or empty."""
        words = {
            "reference": f"Pair {len(distances_mm) + 1}: click a place in the reference, which is shown alone.",
            "scan": f"Pair {len(distances_mm) + 1}: now the same place in the scan, which is shown alone.",
        }
        self.told.setText(words.get(waiting_for, ""))
        self.told.setVisible(bool(self.told.text()))
        self.remove.setEnabled(bool(distances_mm) or waiting_for == "scan")
        self.apply.setEnabled(len(distances_mm) >= 3)
        self.grid.setVisible(bool(distances_mm))
        self.grid.show_rows(
            [GridColumn("pair", "Pair"), GridColumn("apart", "Apart")],
            [
                GridRow(str(n), {"pair": str(n), "apart": MILLIMETRE.text(distance)})
                for n, distance in enumerate(distances_mm, start=1)
            ],
        )


class OrganSection(Section):
    """Organs that breathing moved by themselves: found by their uptake, placed when the user says so."""

    def __init__(self) -> None:
        super().__init__("Organs on this scan")
        self.look = push_button(
            "Find by uptake",
            name="organs_find",
            tooltip="Fits kidneys, liver and spleen to the SPECT of this scan, each by itself; changes nothing yet",
        )
        self.turning = QCheckBox("may turn")
        self.turning.setObjectName("organs_turning")
        self.place = push_button(
            "Place them there", name="organs_place", tooltip="Measure these VOIs where they were found"
        )
        self.release = push_button("Undo places", name="organs_release", tooltip="VOIs follow the registration again")
        self.bend = push_button(
            "Find by CT, deformable",
            name="organs_bend",
            tooltip="Bends the reference CT around the kidneys towards this scan's CT (B-splines); folds are refused",
        )
        self.add_row(self.look, self.turning)
        self.add_row(self.bend)
        self.grid = NumberGrid("organ_positions")
        self.add(self.grid)
        self.told = text_label(role="dimmed", name="organs_told", wrap=True)
        self.add(self.told)
        self.add_row(self.place, self.release)

    def show_positions(
        self, cycle: Cycle, registration: Registration, found: Mapping[str, VoiMotion | None] | None
    ) -> None:
        """What was found and is not placed yet; otherwise what is placed."""
        names = {voi.voi_id: voi.name for voi in cycle.vois}
        if found is not None:
            rows = [_row(names.get(key, key), moved) for key, moved in found.items()]
            text = "Found, not placed yet. Look at each before you place them."
            if any(moved is not None and moved.method == "deformable" for moved in found.values()):
                text = f"By a deformable alignment. {text}"
        else:
            rows = [_row(names.get(key, key), moved) for key, moved in registration.voi_motions.items()]
            text = "These VOIs lie elsewhere on this scan." if rows else "All VOIs follow the registration."
        columns = [
            GridColumn("organ", ""),
            GridColumn("off", "Off (mm)"),
            GridColumn("u", "±"),
            GridColumn("to", "Mainly"),
        ]
        self.grid.show_rows(columns, rows)
        self.grid.setVisible(bool(rows))
        self.told.setText(text)
        self.place.setEnabled(found is not None and any(moved is not None for moved in found.values()))
        self.release.setEnabled(bool(registration.voi_motions))


def _row(name: str, moved: VoiMotion | None) -> GridRow:
    """An organ with the size of its displacement; the directions are in the tooltip, the largest beside it."""
    if moved is None:
        return GridRow(name, {"organ": name, "off": "can't tell", "u": "", "to": ""})
    words = displacement_words(moved.displacement_mm)
    size = MILLIMETRE.text(float(np.linalg.norm(moved.displacement_mm)), with_symbol=False)
    uncertainty_mm = moved.standard_uncertainty_mm
    spread = "" if uncertainty_mm is None else MILLIMETRE.text(uncertainty_mm, with_symbol=False)
    mainly = words.split(",")[0].partition(" to ")[2]
    return GridRow(
        name,
        {"organ": name, "off": size, "u": spread, "to": f"to {mainly}" if mainly else ""},
        tooltip=f"{words} ({moved.method})",
    )


class FileSection(Section):
    """Registrations made elsewhere, and ours for elsewhere."""

    def __init__(self, read: Callable[[], None], write: Callable[[], None]) -> None:
        super().__init__("DICOM registration")
        self.read = push_button(
            "Read…", name="registration_read", tooltip="A spatial registration object for this scan"
        )
        self.write = push_button("Write…", name="registration_write", tooltip="This scan's registration as an object")
        self.read.clicked.connect(lambda: read())
        self.write.clicked.connect(lambda: write())
        self.add_row(self.read, self.write)
