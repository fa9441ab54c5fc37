"""Menus and shortcuts, made from the key table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QWidget

from app.document import Document
from app.key_bindings import AS_DELIVERED, KeyBindings
from app.key_table import KEY_ACTS
from app.reviews import STEP_KEYS

LONGEST_HISTORY = 40
STEP_TITLES = ("Course", "Import", "Align", "VOIs", "Curves", "Dose", "Plan", "Report")


@runtime_checkable
class TellsKeys(Protocol):
    """A widget whose tooltips name keys."""

    def show_keys(self, keys: Mapping[str, str]) -> None:
        """Key of each act by its name, as the system writes it."""


class WindowActions:
    """The actions of the window, by name; ``acts`` says what each does."""

    def __init__(self, window: QMainWindow, acts: Mapping[str, Callable[[], object]]) -> None:
        self.actions: dict[str, QAction] = {}
        self._image_actions: list[QAction] = []
        self._with_tips: list[TellsKeys] = []
        self._key_texts = AS_DELIVERED.text_by_name()
        menus = self.menus = dict[str, QMenu]()
        for name in ("File", "Edit", "View", "Tools", "Go", "Help"):
            menu = window.menuBar().addMenu(f"&{name}")
            menu.setObjectName(f"menu_{name.lower()}")
            menus[name] = menu
        for number, (key, title) in enumerate(zip(STEP_KEYS, STEP_TITLES, strict=True), start=1):
            action = self._action(window, f"go_{key}", f"&{number} {title}", (f"Alt+{number}",), acts[f"go_{number}"])
            menus["Go"].addAction(action)
        for act in KEY_ACTS:
            action = self._action(window, act.name, act.text, act.keys, acts[act.name])
            if act.reach == "window":
                window.addAction(action)
            else:
                # In the menu for reading; the key works where an image view has the keyboard.
                action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            if act.reach == "images":
                self._image_actions.append(action)
            if act.separated or (act.menu == "Go" and act.name == "confirm"):
                menus[act.menu].addSeparator()
            menus[act.menu].addAction(action)

    def _action(
        self, window: QMainWindow, name: str, text: str, keys: tuple[str, ...], act: Callable[[], object]
    ) -> QAction:
        action = QAction(text, window)
        action.setObjectName(f"action_{name}")
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.triggered.connect(lambda _checked=False: act())
        self.actions[name] = action
        return action

    def use_keys(self, bindings: KeyBindings) -> None:
        """Give every act the keys that were chosen for it, in menus, palette and tooltips."""
        for act in KEY_ACTS:
            self.actions[act.name].setShortcuts([QKeySequence(key) for key in bindings.keys_of(act)])
        self._key_texts = bindings.text_by_name()
        for widget in self._with_tips:
            widget.show_keys(self._key_texts)

    def add_to(self, widget: QWidget) -> None:
        """Make the image keys work while this widget, or one inside it, has the keyboard."""
        for view in widget.findChildren(QWidget):
            if view.property("takesImageKeys"):
                view.addActions(self._image_actions)
        for part in (widget, *widget.findChildren(QWidget)):
            if isinstance(part, TellsKeys):
                self._with_tips.append(part)
                part.show_keys(self._key_texts)

    def add_history(self, document: Document) -> None:
        """A menu of all steps done, newest first; choosing one goes to the case right after it."""
        menu = self.menus["Edit"].addMenu("History")
        menu.setObjectName("menu_history")

        def fill() -> None:
            menu.clear()
            steps = ["As opened", *document.labels]
            for position in reversed(range(max(0, len(steps) - LONGEST_HISTORY), len(steps))):
                entry = menu.addAction(steps[position])
                entry.setCheckable(True)
                entry.setChecked(position == document.position)
                entry.triggered.connect(lambda _checked, position=position: document.jump(position))

        menu.aboutToShow.connect(fill)

    def set_history(self, undo: str | None, redo: str | None) -> None:
        """Say in the menu what undo and redo would do."""
        for name, label in (("undo", undo), ("redo", redo)):
            action = self.actions[name]
            action.setEnabled(label is not None)
            action.setText(f"{name.title()}: {label}" if label else name.title())
