"""The keys that work in every step, in one table: menus, tooltips and the key sheet all come from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Menu = Literal["File", "Edit", "View", "Tools", "Go", "Help"]
Reach = Literal["window", "images", "view"]


@dataclass(frozen=True)
class KeyAct:
    """One act of the user.

    Parameters
    ----------
    name
        Identifies it; the action's objectName is ``action_<name>``.
    text
        Menu text.
    keys
        Shortcuts, the first is shown.
    menu
        Where it stands.
    reach
        ``window``: anywhere; ``images``: only while an image view has the keyboard, because the key has another meaning
        elsewhere; ``view``: the same, and the view itself takes the key.
    separated
        Whether a line is drawn above it.
    """

    name: str
    text: str
    keys: tuple[str, ...]
    menu: Menu
    reach: Reach = "window"
    separated: bool = False


KEY_ACTS: tuple[KeyAct, ...] = (
    KeyAct("patients", "Patients", ("Ctrl+L",), "File"),
    KeyAct("open", "Open case folder…", ("Ctrl+O",), "File", separated=True),
    KeyAct("open_file", "Open case file…", (), "File"),
    KeyAct("demonstration", "Demonstration case…", (), "File"),
    KeyAct("print_preview", "Print preview", ("Ctrl+P",), "File", separated=True),
    KeyAct("save_plan", "Save plan as PDF…", ("Ctrl+Shift+S",), "File"),
    KeyAct("person", "Who is working…", (), "File", separated=True),
    KeyAct("audit", "Audit trail…", ("Ctrl+Shift+A",), "File"),
    KeyAct("network", "Archive: query, retrieve, send…", ("Ctrl+Shift+N",), "File"),
    KeyAct("deidentify", "De-identified export…", (), "File"),
    KeyAct("crosscheck", "Cross-check with another system…", (), "File"),
    KeyAct("cohort", "All courses: tables and pictures…", ("Ctrl+Shift+L",), "File"),
    KeyAct("store", "Data folder and backups…", (), "File"),
    KeyAct("protocols", "Protocols…", (), "File"),
    KeyAct("cameras", "Camera calibration…", (), "File"),
    KeyAct("density_curves", "Density from CT numbers…", (), "File"),
    KeyAct("quit", "Quit", ("Ctrl+Q",), "File", separated=True),
    KeyAct("undo", "Undo", ("Ctrl+Z",), "Edit"),
    KeyAct("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Edit"),
    KeyAct("history", "History panel", ("Ctrl+H",), "Edit"),
    KeyAct("copy", "Copy the table, or the plot under the pointer", ("Ctrl+C",), "Edit", separated=True),
    KeyAct("save_plot", "Save the plot under the pointer…", ("Ctrl+Shift+P",), "Edit"),
    KeyAct("follow_up", "Values and follow-up…", ("Ctrl+E",), "Edit", separated=True),
    KeyAct("compare_revisions", "Compare revisions…", (), "Edit"),
    KeyAct("preferences", "Preferences…", ("Ctrl+,",), "Edit", separated=True),
    KeyAct("fusion", "CT, fused, SPECT", ("Tab",), "View", "images"),
    KeyAct("overlay", "SPECT overlay on or off, when tapped", ("Space",), "View", "view"),
    KeyAct("contours", "Contours on or off", ("G",), "View"),
    KeyAct("decay_corrected", "SPECT decay-corrected to injection, or as at the scan", (), "View"),
    KeyAct("reset", "Reset view", ("R",), "View"),
    KeyAct("preset_1", "CT window: soft tissue", ("1",), "View", "images", separated=True),
    KeyAct("preset_2", "CT window: lung", ("2",), "View", "images"),
    KeyAct("preset_3", "CT window: liver", ("3",), "View", "images"),
    KeyAct("preset_4", "CT window: bone", ("4",), "View", "images"),
    KeyAct("preset_5", "CT window: brain", ("5",), "View", "images"),
    KeyAct("next_slice", "Next slice", ("Down",), "View", "view", separated=True),
    KeyAct("previous_slice", "Previous slice", ("Up",), "View", "view"),
    KeyAct("slices_on", "Ten slices on", ("PgDown",), "View", "view"),
    KeyAct("slices_back", "Ten slices back", ("PgUp",), "View", "view"),
    KeyAct("last_slice", "Last slice", ("End",), "View", "view"),
    KeyAct("first_slice", "First slice", ("Home",), "View", "view"),
    KeyAct("previous_time_point", "Previous time point", ("Left",), "View", "view", separated=True),
    KeyAct("next_time_point", "Next time point", ("Right",), "View", "view"),
    KeyAct("cursor_left", "Linked cursor to the left, by a voxel", ("Shift+Left",), "View", "view"),
    KeyAct("cursor_right", "Linked cursor to the right, by a voxel", ("Shift+Right",), "View", "view"),
    KeyAct("cursor_up", "Linked cursor up on the slice, by a voxel", ("Shift+Up",), "View", "view"),
    KeyAct("cursor_down", "Linked cursor down on the slice, by a voxel", ("Shift+Down",), "View", "view"),
    KeyAct("previous_cycle", "Previous cycle", ("Ctrl+Left",), "View"),
    KeyAct("next_cycle", "Next cycle", ("Ctrl+Right",), "View"),
    KeyAct("layout_four-up", "Layout: planes and 3D", ("F5",), "View", separated=True),
    KeyAct("layout_one", "Layout: one view, large", ("F6",), "View"),
    KeyAct("layout_scans", "Layout: all scans side by side", ("F7",), "View"),
    KeyAct("layout_rows", "Layout: CT, SPECT and fused in rows, and MIP", ("F8",), "View"),
    KeyAct("linked", "Zoom and pan all views together, or each alone", ("U",), "View"),
    KeyAct("second_window", "Views in a second window", ("Ctrl+Shift+V",), "View"),
    KeyAct("inspector", "Inspector", ("Ctrl+I",), "View", separated=True),
    KeyAct("theme_dark", "Dark look", (), "View", separated=True),
    KeyAct("theme_light", "Light look", (), "View"),
    KeyAct("theme_system", "Look as the system", (), "View"),
    KeyAct("cursor", "Cursor", ("Esc",), "Tools", "images"),
    KeyAct("brush", "Brush", ("B",), "Tools"),
    KeyAct("erase", "Erase", ("E",), "Tools"),
    KeyAct("polygon", "Polygon", ("P",), "Tools"),
    KeyAct("live-wire", "Live wire", ("V",), "Tools"),
    KeyAct("ball-tool", "Ball with handles", ("O",), "Tools"),
    KeyAct("ellipsoid", "Ellipsoid with handles", ("Shift+O",), "Tools"),
    KeyAct("move", "Move the VOI", ("D",), "Tools"),
    KeyAct("scissors", "Scissors: cut away inside", ("S",), "Tools"),
    KeyAct("crop", "Scissors: cut away outside", ("Shift+S",), "Tools"),
    KeyAct("edges", "Brush adapts to edges", ("A",), "Tools"),
    KeyAct("through", "Brush through slices, or on one alone", ("J",), "Tools"),
    KeyAct("clip", "Clip planes of the 3D view", ("X",), "View"),
    KeyAct("use_tool", "Put the tool down at the cursor; lift it", ("Y",), "Tools", "view"),
    KeyAct("close", "Close the outline; do what is previewed", ("Return", "Enter"), "Tools", "view"),
    KeyAct("smaller", "Smaller brush", ("[", "-"), "Tools"),
    KeyAct("larger", "Larger brush", ("]", "+"), "Tools"),
    KeyAct("isocontour", "Isocontour at the cursor", ("T",), "Tools", separated=True),
    KeyAct("level-trace", "Level trace at the cursor", ("L",), "Tools"),
    KeyAct("grow-region", "Grow a region from the cursor", (), "Tools"),
    KeyAct("ball", "Add a ball at the cursor", (), "Tools"),
    KeyAct("smooth", "Smooth by the margin", (), "Tools"),
    KeyAct("hollow", "Hollow to the margin", (), "Tools"),
    KeyAct("split", "Split touching lesions", (), "Tools"),
    KeyAct("interpolate", "Fill between slices", ("I",), "Tools"),
    KeyAct("margin-plus", "Grow by the margin", ("M",), "Tools"),
    KeyAct("margin-minus", "Shrink by the margin", ("Shift+M",), "Tools"),
    KeyAct("keep-island", "Keep the island at the cursor", ("K",), "Tools"),
    KeyAct("previous_voi", "Previous VOI", ("Q",), "Tools", separated=True),
    KeyAct("next_voi", "Next VOI", ("W",), "Tools"),
    KeyAct("centre", "Centre on VOI", ("C",), "Tools"),
    KeyAct("next_review", "Next VOI and scan needing review", ("N",), "Tools"),
    KeyAct("copy_cycle", "Copy VOIs from another cycle", (), "Tools"),
    KeyAct("reviewed", "Reviewed on this scan, then the next", ("Shift+N",), "Tools"),
    KeyAct("own_shape", "Own shape on this scan, or the same on all", ("H",), "Tools"),
    KeyAct("confirm", "Confirm step", ("Ctrl+Return", "Ctrl+Enter"), "Go"),
    KeyAct("palette", "Find a command…", ("Ctrl+K",), "Help"),
    KeyAct("key_sheet", "Keys of this step", ("F1",), "Help"),
    KeyAct("keys", "Keys and mouse…", ("Ctrl+F1",), "Help"),
    KeyAct("documentation", "Documentation", ("Shift+F1",), "Help"),
    KeyAct("about", "About Lutetia", (), "Help", separated=True),
)

PATIENT_LIST_KEYS: tuple[tuple[str, str], ...] = (
    ("letters and figures", "search"),
    ("Down, Up", "select the next, the previous course"),
    ("Page Down, Page Up", "a page further, back"),
    ("Home, End", "first, last course; with Ctrl while something is typed"),
    ("Enter, or double click", "open the selected course"),
    ("Esc", "empty the search, then the filters"),
    ("Ctrl+F", "back to the search"),
    ("Ctrl+C", "copy the list as it is shown"),
)
"""The patient list takes these itself, while it is in view: key, what it does."""
