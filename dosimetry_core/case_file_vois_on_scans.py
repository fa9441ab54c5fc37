"""Reads [[cycle.voi_on_scan]] of case.toml: where a VOI lies on one scan, or which shape it has there."""

from __future__ import annotations

import math
import unicodedata

from dosimetry_core.case import StatedVoiOnScan
from dosimetry_core.errors import DosimetryError
from dosimetry_core.toml_table import TomlTable

METHODS = ("manual", "spect", "ct", "deformable")
_LARGEST_SHIFT_MM = 300.0


def read_voi_on_scan(table: TomlTable) -> StatedVoiOnScan:
    """One VOI on one scan; faults are collected by the table."""
    # Reading DICOM takes long to load and is not needed to open a case without matrices.
    from dosimetry_core.dicom.spatial_registration import rigid_of_matrix

    voi = unicodedata.normalize("NFC", table.text("voi"))
    point = table.integer("time_point", minimum=1)
    shape = unicodedata.normalize("NFC", table.optional_text("shape") or "")
    shift = table.numbers("shift_mm", minimum=-math.inf)
    matrix = table.numbers("matrix_on_scan", minimum=-math.inf)
    method = table.choice("method", METHODS, METHODS[0])
    uncertainty = table.optional_number("standard_uncertainty_mm", minimum=0)
    reason, by = table.optional_text("reason") or "", table.optional_text("by") or ""
    if shift and matrix:
        table.wrong("shift_mm", "both a shift and a matrix", "keep one of them")
    elif not (shape or shift or matrix):
        table.wrong("shift_mm", "neither a shift nor a shape", "add shift_mm, shape or both")
    if shift and (len(shift) != 3 or max(abs(part) for part in shift) > _LARGEST_SHIFT_MM):
        table.wrong(
            "shift_mm", f"can't be {list(shift)}", f"write [left, back, head] in mm, up to {_LARGEST_SHIFT_MM:g}"
        )
    if matrix:
        try:
            rigid_of_matrix(matrix, where="")
        except DosimetryError as error:
            table.wrong("matrix_on_scan", error.what, error.remedy)
    if not reason and (shape or method == "manual"):
        table.wrong("reason", "is missing", "say why this scan differs; it is printed with the results")
    table.finish()
    return StatedVoiOnScan(voi, point, shape, shift, matrix, method, uncertainty, reason, by)
