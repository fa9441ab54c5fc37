"""What needs attention: one row for each finding, with its place, why, and acknowledgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from dosimetry_core.errors import Finding, Level
from widgets.theme import LEVEL_SIGN, label, level_colour, shades

_ORDER: dict[Level, int] = {"error": 0, "warning": 1, "info": 2}
_WORD: dict[Level, str] = {"error": "error", "warning": "warning", "info": "remark"}


class FindingsPanel(QWidget):
    """Findings, the gravest first. A click on one emits ``finding_clicked``, on "why?" ``why_clicked``."""

    finding_clicked = Signal(object)
    why_clicked = Signal(object)
    acknowledge_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None, *, object_name: str = "findings_panel") -> None:
        super().__init__(parent)
        self.setObjectName(object_name)
        self._findings: tuple[Finding, ...] = ()
        self._acknowledged: Mapping[tuple[str, str], str] = {}
        self._acknowledgeable = False
        self._summary = label(role="dimmed", object_name=f"{object_name}_summary")
        self._summary.setWordWrap(True)
        self._rows = QVBoxLayout()
        self._rows.setContentsMargins(0, 0, 4, 0)
        self._rows.setSpacing(6)
        inner = QWidget()
        inner.setLayout(self._rows)
        self._scroll = QScrollArea()
        self._scroll.setObjectName(f"{object_name}_scroll")
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(inner)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._summary)
        layout.addWidget(self._scroll, 1)
        self._rebuild()

    def show_findings(
        self, findings: Sequence[Finding], acknowledged: Mapping[tuple[str, str], str] | None = None
    ) -> None:
        """Findings, and reasons of those acknowledged by (code, place)."""
        ordered = tuple(sorted(findings, key=lambda finding: _ORDER[finding.level]))
        known = dict(acknowledged or {})
        if ordered == self._findings and known == self._acknowledged:
            return
        self._findings, self._acknowledged = ordered, known
        self._rebuild()

    def set_acknowledgeable(self, acknowledgeable: bool) -> None:
        """Whether each warning and error has a button to acknowledge it."""
        if acknowledgeable != self._acknowledgeable:
            self._acknowledgeable = acknowledgeable
            self._rebuild()

    def take_colours(self) -> None:
        """Those of the theme in use."""
        self._rebuild()

    def findings(self) -> tuple[Finding, ...]:
        """Findings in the order shown."""
        return self._findings

    def summary(self) -> str:
        """How many of each level."""
        if not self._findings:
            return "No findings"
        counts = [(level, sum(finding.level == level for finding in self._findings)) for level in _ORDER]
        return ", ".join(f"{count} {_WORD[level]}{'s' if count > 1 else ''}" for level, count in counts if count)

    def _rebuild(self) -> None:
        self._summary.setText(self.summary())
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for number, finding in enumerate(self._findings):
            self._rows.addWidget(self._row(number, finding))
        self._rows.addStretch(1)

    def _row(self, number: int, finding: Finding) -> QWidget:
        name = f"{self.objectName()}_{number}"
        row = _Row(finding)
        row.setObjectName(name)
        row.clicked.connect(self.finding_clicked)
        sign = QLabel(LEVEL_SIGN[finding.level])
        sign.setObjectName(f"{name}_sign")
        sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        sign.setFixedSize(sign.fontMetrics().height() + 4, sign.fontMetrics().height() + 4)
        colour = level_colour(finding.level)
        sign.setStyleSheet(
            f"color: {shades().on_mark}; background: {colour}; border-radius: {sign.height() // 2}px; font-weight: 600;"
        )
        sign.setToolTip(_WORD[finding.level].capitalize())
        text = label(finding.text, object_name=f"{name}_text")
        text.setWordWrap(True)
        body = QVBoxLayout()
        body.setSpacing(1)
        if finding.place:
            place = label(finding.place, role="dimmed", object_name=f"{name}_place")
            place.setWordWrap(True)
            body.addWidget(place)
        body.addWidget(text)
        reason = self._acknowledged.get((finding.code, finding.place))
        if reason is not None:
            noted = label(f"Acknowledged: {reason}", role="good", object_name=f"{name}_reason")
            noted.setWordWrap(True)
            body.addWidget(noted)
        links = QHBoxLayout()
        links.setContentsMargins(0, 0, 0, 0)
        links.setSpacing(14)
        links.addWidget(self._link("why?", f"{name}_why", finding, self.why_clicked, "Rule, value, limit and source"))
        if self._acknowledgeable and reason is None and finding.level != "info":
            tip = "Acknowledge with a reason"
            links.addWidget(
                self._link("acknowledge …", f"{name}_acknowledge", finding, self.acknowledge_requested, tip)
            )
        links.addStretch(1)
        body.addLayout(links)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(9, 7, 9, 7)
        layout.setSpacing(9)
        layout.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(body, 1)
        return row

    def _link(self, text: str, name: str, finding: Finding, signal: SignalInstance, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setProperty("role", "link")
        button.setToolTip(tip)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(lambda: signal.emit(finding))
        return button


class _Row(QFrame):
    clicked = Signal(object)

    def __init__(self, finding: Finding) -> None:
        super().__init__()
        self._finding = finding
        self.setProperty("role", "card")
        # As high as the wrapped text needs at the present width, no less and no more.
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Go to what this is about")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click goes to the place."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit(self._finding)
