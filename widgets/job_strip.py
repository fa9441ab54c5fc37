"""Running computations: name, progress, message and Cancel; a line of text while nothing runs."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QWidget

from widgets.elided_label import ElidedLabel

_STEPS = 1000


class JobStrip(QWidget):
    """One row for each running job, the oldest first; ``cancel_clicked`` names the job."""

    cancel_clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("job_strip")
        self._message = ElidedLabel(object_name="job_message", role="dimmed")
        self._jobs: dict[str, _Job] = {}
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(10)
        self._layout.addWidget(self._message, 1)

    def set_message(self, text: str) -> None:
        """Plain status text."""
        self._message.set_text(text)

    def message(self) -> str:
        """The whole status text."""
        return self._message.full_text()

    def running(self) -> tuple[str, ...]:
        """Keys of the jobs shown."""
        return tuple(self._jobs)

    def start(self, key: str, title: str) -> None:
        """Show a job; the same key again starts anew."""
        self.finish(key)
        job = _Job(key, title)
        job.cancel.clicked.connect(lambda: self._cancel(key))
        self._jobs[key] = job
        self._layout.addWidget(job)
        job.show()

    def set_progress(self, key: str, fraction: float, message: str) -> None:
        """Progress of a job from 0 to 1; unknown keys (just finished) are ignored."""
        if key in self._jobs:
            self._jobs[key].set_progress(fraction, message)

    def finish(self, key: str, message: str = "") -> None:
        """Take a job away."""
        job = self._jobs.pop(key, None)
        if job is not None:
            self._layout.removeWidget(job)
            job.hide()
            job.deleteLater()
        if message:
            self.set_message(message)

    def fail(self, key: str, sentence: str) -> None:
        """Take a job away and say why it failed."""
        self.finish(key, sentence)

    def _cancel(self, key: str) -> None:
        if key in self._jobs:
            self._jobs[key].show_cancelling()
        self.cancel_clicked.emit(key)


class _Job(QWidget):
    def __init__(self, key: str, title: str) -> None:
        super().__init__()
        self._title = title
        self.setObjectName(f"job_{key}")
        self._text = ElidedLabel(object_name=f"job_{key}_text")
        self._text.setMinimumWidth(120)
        self._text.set_text(title)
        self._bar = QProgressBar()
        self._bar.setObjectName(f"job_{key}_progress")
        self._bar.setRange(0, _STEPS)
        self._bar.setMinimumWidth(110)
        self._bar.setMaximumWidth(220)
        self._bar.setFormat("%p %")
        self.cancel = QPushButton("Cancel")
        self.cancel.setObjectName(f"job_{key}_cancel")
        self.cancel.setToolTip(f"Stop: {title}")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._text, 1, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self._bar)
        layout.addWidget(self.cancel)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_progress(self, fraction: float, message: str) -> None:
        self._bar.setValue(round(min(max(fraction, 0.0), 1.0) * _STEPS))
        self._text.set_text(f"{self._title}: {message}" if message else self._title)

    def show_cancelling(self) -> None:
        self.cancel.setEnabled(False)
        self._text.set_text(f"{self._title}: stopping …")
