"""A process of its own for one benchmark: plans without a window, or works in the window, and says what it took."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from app.benchmarks.machine import peak_memory_mb
from app.cli import main as lutetia

_BYTES_PER_MB = 1024**2


def main(what: str, case: Path, out: Path) -> int:
    """Do it; the last line of the output is JSON."""
    facts: dict[str, float | None] = {}
    if what == "plan":
        status = lutetia(["plan", str(case), "--out", str(out)])
        if status != 0:
            return status
    else:
        from app.benchmarks.stage import WindowAtWork

        window = WindowAtWork(case)
        window.rest()
        points = window.session.case.cycles[0].time_points
        images = [series for point in points for series in (point.spect, point.ct) if series is not None]
        facts["pixel_data_mb"] = sum(2 * series.volume.values.size for series in images) / _BYTES_PER_MB
        window.close()
    facts |= {"processor_s": time.process_time(), "peak_memory_mb": peak_memory_mb()}
    print(json.dumps(facts))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
