"""Performance status: Karnofsky to ECOG."""

from __future__ import annotations


def ecog_from_karnofsky(karnofsky: float) -> int:
    """ECOG performance status of a Karnofsky performance status in percent.

    The usual table (Oken 1982; Buccheri 1996): 100–90 → 0, 80–70 → 1, 60–50 → 2, 40–30 → 3, 20–10 → 4, 0 → 5.
    The Karnofsky scale has steps of 10.
    """
    if karnofsky not in range(0, 101, 10):
        raise ValueError(f"a Karnofsky status is a multiple of 10 from 0 to 100, not {karnofsky}")
    return (100 - int(karnofsky)) // 20
