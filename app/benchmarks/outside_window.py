"""The window of the benchmarks as a process of its own on a real display, for measurements from outside."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from PySide6.QtWidgets import QApplication


def main(case: Path) -> int:
    """Show the study where VOIs are drawn, say where its axial view is on the screen, and work until the input ends."""
    from app.benchmarks.drawing import WARM_FRAMES, SliceFrames
    from app.benchmarks.stage import WindowAtWork

    window = WindowAtWork(case)
    # From the head on, so that no slice is shown twice.
    SliceFrames(window).scroll(-WARM_FRAMES)
    window.rest()
    axial = window.views[0]
    corner = axial.mapToGlobal(axial.rect().topLeft())
    size = axial.size() * axial.devicePixelRatioF()
    print(json.dumps([corner.x(), corner.y(), size.width(), size.height()]), flush=True)
    application = QApplication.instance()
    if application is None:
        raise RuntimeError("there is no application")
    threading.Thread(target=lambda: (sys.stdin.read(), application.quit()), daemon=True).start()
    QApplication.exec()
    window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
