"""Keys and mouse gestures to the user's liking: found by typing, changed one by one, conflicts said in words."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QKeySequenceEdit,
    QLineEdit,
    QPushButton,
    QTabWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.gesture_page import GesturePage
from app.key_bindings import AS_DELIVERED, KeyBindings
from app.key_table import KEY_ACTS, KeyAct
from app.steps.step import text_label
from widgets.calm_wheel import calm_wheels_in
from widgets.copying import copy_by_keyboard

SIZE: Final = (720, 620)
_KEYS_PAGE: Final = 0
_NAME: Final = Qt.ItemDataRole.UserRole


class KeyEditor(QDialog):
    """``chosen`` carries the bindings when they are accepted; nothing changes before."""

    chosen = Signal(object)

    def __init__(self, bindings: KeyBindings, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("key_editor")
        self.setWindowTitle("Keys and mouse")
        copy_by_keyboard(self)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*SIZE)
        self.bindings = bindings
        self._acts = {act.name: act for act in KEY_ACTS}
        pages = QTabWidget()
        pages.setObjectName("key_editor_pages")
        pages.setAccessibleName("Keys, mouse")
        pages.addTab(self._keys_page(), "Keys")
        self._gestures = GesturePage(bindings)
        self._gestures.chosen.connect(self._take_gestures)
        pages.addTab(self._gestures, "Mouse")
        self._words = text_label(role="warning", name="key_editor_words", wrap=True)
        self._words.setMinimumHeight(2 * self._words.fontMetrics().height() + 4)
        self._gestures.told.connect(self._words.setText)
        everything = QPushButton("Everything as delivered")
        everything.setObjectName("key_reset_all")
        everything.setAutoDefault(False)
        everything.clicked.connect(self._reset_all)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.setObjectName("key_editor_buttons")
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        for button in buttons.buttons():
            button.setAccessibleName(button.text().replace("&", ""))
        below = QHBoxLayout()
        below.addWidget(everything)
        below.addStretch(1)
        below.addWidget(buttons)
        column = QVBoxLayout(self)
        pages.currentChanged.connect(self._show_page)
        column.addWidget(pages, 1)
        column.addWidget(self._words)
        column.addLayout(below)
        self._fill()
        calm_wheels_in(self)
        # What is typed at once finds an act.
        self.search.setFocus()

    # --- keys -------------------------------------------------------------------------------------------------------

    def _keys_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        self.search = QLineEdit()
        self.search.setObjectName("key_search")
        self.search.setAccessibleName("Find an act or a key")
        self.search.setPlaceholderText("Find an act or a key")
        self.search.textChanged.connect(lambda _text: self._fill())
        column.addWidget(self.search)
        self.list = QTreeWidget()
        self.list.setObjectName("key_list")
        self.list.setAccessibleName("Acts and their keys")
        self.list.setRootIsDecorated(False)
        self.list.setHeaderLabels(("Act", "Menu", "Keys"))
        self.list.currentItemChanged.connect(lambda _now, _before: self._show_current())
        column.addWidget(self.list, 1)
        row = QHBoxLayout()
        self.edit = QKeySequenceEdit()
        self.edit.setObjectName("key_new")
        self.edit.setAccessibleName("New key")
        self.edit.setMaximumSequenceLength(1)
        for inner in self.edit.findChildren(QLineEdit):
            inner.setAccessibleName("New key")
            inner.setPlaceholderText("press a key")
        self.edit.keySequenceChanged.connect(lambda _keys: self._say_conflict())
        row.addWidget(self.edit, 1)
        self._buttons: dict[str, QPushButton] = {}
        for name, text, tip, act in (
            ("key_set", "Set", "The only key of this act", self._set),
            ("key_add", "Add", "A further key of this act", self._add),
            ("key_take_over", "Take over", "Take the key away from what has it now", self._take_over),
            ("key_remove", "No key", "This act by menu and palette only", self._remove),
            ("key_reset", "As delivered", "The key that the program came with", self._reset),
        ):
            button = QPushButton(text)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.setAutoDefault(False)
            button.clicked.connect(act)
            row.addWidget(button)
            self._buttons[name] = button
        column.addLayout(row)
        return page

    def _fill(self) -> None:
        current = self._current()
        words = self.search.text().casefold().split()
        self.list.clear()
        for act in KEY_ACTS:
            texts = (act.text, act.menu, self.bindings.text_of(act))
            if not all(word in " ".join(texts).casefold() for word in words):
                continue
            item = QTreeWidgetItem(list(texts))
            item.setData(0, _NAME, act.name)
            if act.name in self.bindings.keys:
                font = item.font(2)
                font.setBold(True)
                item.setFont(2, font)
                item.setToolTip(2, "chosen; as delivered: " + (AS_DELIVERED.text_of(act) or "none"))
            self.list.addTopLevelItem(item)
            if current is not None and act.name == current.name:
                self.list.setCurrentItem(item)
        first = self.list.topLevelItem(0)
        if self.list.currentItem() is None and first is not None:
            self.list.setCurrentItem(first)
        for column in range(3):
            self.list.resizeColumnToContents(column)
        self._show_current()

    def _current(self) -> KeyAct | None:
        item = self.list.currentItem()
        return None if item is None else self._acts[item.data(0, _NAME)]

    def select(self, name: str) -> None:
        """Go to an act."""
        for row in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(row)
            if item is not None and item.data(0, _NAME) == name:
                self.list.setCurrentItem(item)

    def _typed(self) -> str:
        return self.edit.keySequence().toString(QKeySequence.SequenceFormat.PortableText)

    def _show_current(self) -> None:
        self.edit.clear()
        self._say_conflict()

    def _say_conflict(self) -> None:
        act, key = self._current(), self._typed()
        taken = self.bindings.taken_by(key, act.name) if act is not None and key else None
        native = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
        if isinstance(taken, KeyAct):
            self._words.setText(f"{native} is the key of “{taken.text}” already. Take over leaves that without it.")
        elif taken is not None:
            self._words.setText(f"{native} is taken: {taken}. It can't be given to anything else.")
        else:
            self._words.setText("")
        free = act is not None and bool(key) and taken is None
        self._buttons["key_set"].setEnabled(free)
        self._buttons["key_add"].setEnabled(free)
        self._buttons["key_take_over"].setEnabled(isinstance(taken, KeyAct))
        self._buttons["key_remove"].setEnabled(act is not None and bool(self.bindings.keys_of(act)))
        self._buttons["key_reset"].setEnabled(act is not None and act.name in self.bindings.keys)

    def _give(self, keys: tuple[str, ...]) -> None:
        act = self._current()
        if act is not None:
            self.bindings = self.bindings.with_keys(act.name, keys)
            # The button that was pressed is of no use now; the keyboard would go on to one that takes all choices back.
            self.list.setFocus()
            self._fill()

    def _set(self) -> None:
        self._give((self._typed(),))

    def _add(self) -> None:
        act = self._current()
        if act is not None:
            self._give((*self.bindings.keys_of(act), self._typed()))

    def _take_over(self) -> None:
        act, key = self._current(), self._typed()
        taken = self.bindings.taken_by(key, act.name) if act is not None else None
        if isinstance(taken, KeyAct):
            left = tuple(known for known in self.bindings.keys_of(taken) if QKeySequence(known) != QKeySequence(key))
            self.bindings = self.bindings.with_keys(taken.name, left)
            self._give((key,))

    def _remove(self) -> None:
        self._give(())

    def _reset(self) -> None:
        act = self._current()
        if act is None:
            return
        for key in act.keys:
            taken = self.bindings.taken_by(key, act.name)
            if isinstance(taken, KeyAct):
                self._words.setText(f"{key} is the key of “{taken.text}” now; give that another one first.")
                return
        self._give(act.keys)

    def _show_page(self, page: int) -> None:
        """What is said is about the page in view."""
        # A gesture may be named by a key that was changed on the other page.
        self._gestures.show_bindings(self.bindings)
        self._gestures.forget_refused()
        if page == _KEYS_PAGE:
            self._say_conflict()
        else:
            self._words.setText("")

    # --- both -------------------------------------------------------------------------------------------------------

    def _take_gestures(self, bindings: KeyBindings) -> None:
        self.bindings = bindings

    def _reset_all(self) -> None:
        self.bindings = AS_DELIVERED
        self._fill()
        self._words.setText("")
        self._gestures.forget_refused()
        self._gestures.show_bindings(self.bindings)

    def _accept(self) -> None:
        self.chosen.emit(self.bindings)
        self.accept()
