"""The chain from a case to doses and a plan: what the window runs on every change, and the command line once."""

from dosimetry_core.pipeline.images import align_case, align_cycle, import_case, import_cycle
from dosimetry_core.pipeline.whole import compute, evaluate, plan_with_activities

__all__ = [
    "align_case",
    "align_cycle",
    "compute",
    "evaluate",
    "import_case",
    "import_cycle",
    "plan_with_activities",
]
