"""What assistive tools say for controls whose words stand beside them and not on them."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QHeaderView, QWidget

NAMES: Final[dict[str, str]] = {
    "partial_volume": "Partial-volume correction",
    "planned_cycles": "Planned number of cycles",
    "protocol": "Protocol",
    "correction_choice": "What is corrected",
    "correction_value": "Corrected value",
    "correction_reason": "Reason for the correction",
    "scanner_profiles": "Profile of the scanner",
    "display_colour_map": "Colour map of the SPECT",
    "display_preset": "CT window",
    "display_opacity": "Opacity of the SPECT",
    "display_lower": "Lower limit of the SPECT",
    "display_upper": "Upper limit of the SPECT",
    "voi_table": "VOIs with volume and dose",
    "voi_role": "Role of the active VOI",
    "brush_radius": "Brush radius in mm",
    "edge_tolerance": "Tolerance of the brush that adapts to edges",
    "level_value": "Level of the isocontour",
    "voi_margin": "Margin in mm",
    "fit_few_scans": "Rule for few scans",
    "fit_model": "Model of the fit",
    "fit_model_of_voi": "Model of the fit for this VOI",
    "fit_prior": "Prior of the fit",
    "fit_single_time_point": "Rule for a single scan",
    "fit_tail": "Last phase of the fit",
    "fit_weights": "Weights of the fit",
    "voi_engine": "Engine for this VOI",
    "dose_map_nuclide": "Nuclide of the dose map",
    "dose_map_lower": "Lower limit of the dose map in Gy",
    "dose_map_upper": "Upper limit of the dose map in Gy",
    "dose_map_colours": "Colour map of the dose map",
    "dose_map_levels": "Doses of the isodose lines in Gy",
    "activity_slider": "Activity of the next cycle",
    "activity_slider_number": "Activity of the next cycle, as a number",
    "report_language": "Language of the report",
    "report_paper": "Paper of the report",
    "sign_identity": "Signing identity, a file",
    "sign_passphrase": "Passphrase of the signing identity",
    "sign_remark": "Remark of the signer",
    "approve_identity": "Identity of the approver, a file",
    "approve_passphrase": "Passphrase of the approver's identity",
    "approve_remark": "Remark of the approver",
}
"""objectName → name."""


def name_controls(*roots: QWidget) -> None:
    """Give names to the controls in these parts of the window; names given elsewhere stay."""
    for root in roots:
        for control in root.findChildren(QWidget):
            if control.accessibleName():
                continue
            if control.objectName() in NAMES:
                control.setAccessibleName(NAMES[control.objectName()])
            elif isinstance(control, QHeaderView):
                control.setAccessibleName("Headings of the columns")
