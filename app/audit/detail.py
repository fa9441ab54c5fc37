"""All that is kept of one event: its values whole, its data, and the digests that chain it."""

from __future__ import annotations

from html import escape

from PySide6.QtWidgets import QTextBrowser, QWidget

from app.audit.lines import AuditLine, details
from widgets.theme import shades

_NOTHING = "Choose an event to see all of it."


class AuditDetail(QTextBrowser):
    """Names on the left, texts on the right; can be selected and copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("audit_detail")
        self.setAccessibleName("The whole event")
        self.setOpenLinks(False)
        self.setTabChangesFocus(True)
        self._line: AuditLine | None = None
        self.show_line(None)

    def take_colours(self) -> None:
        """Those of the theme in use."""
        self.show_line(self._line)

    def show_line(self, line: AuditLine | None) -> None:
        """Show an event, or nothing."""
        self._line = line
        if line is None:
            self.setHtml(f'<p style="color:{shades().dimmed}">{_NOTHING}</p>')
            return
        colour = f' style="color:{shades().error}"' if line.is_damaged else ""
        rows = "".join(
            f'<tr><td style="color:{shades().dimmed}; white-space:nowrap; padding-right:16px">{escape(name)}</td>'
            f'<td align="left"{colour}>{_broken(text)}</td></tr>'
            for name, text in details(line)
        )
        self.setHtml(f'<table cellspacing="0" cellpadding="2">{rows}</table>')


def _broken(text: str) -> str:
    return "<br>".join(escape(part) for part in text.splitlines())
