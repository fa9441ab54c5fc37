"""How small and how large the brush may be: the same for keys, wheel, field and stroke."""

from __future__ import annotations

from typing import Final

SMALLEST_BRUSH_MM: Final = 1.0
"""A smaller one would slip through between the voxels of a CT."""
LARGEST_BRUSH_MM: Final = 60.0
