"""Toolbar of the image views: fusion, opacity, colour map and limits, CT preset, outlines."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QSizePolicy, QSlider, QToolButton, QWidget

from dosimetry_core.units import KILOBECQUEREL_PER_ML, DisplayUnit
from widgets.colour_map_box import ColourMapBox
from widgets.display_scale import CT_PRESETS, ColourScale, Fusion, WindowLevel
from widgets.flow_layout import FlowLayout
from widgets.quantity_edit import QuantityEdit
from widgets.theme import label

_FUSIONS: tuple[tuple[Fusion, str, str], ...] = (
    ("ct", "CT", "CT alone (Tab: next)"),
    ("fused", "Fused", "SPECT over CT (Tab: next)"),
    ("spect", "SPECT", "SPECT alone (Tab: next)"),
)
_OWN = "as dragged"
_DECAY_TIP = (
    "Show the SPECT multiplied by exp(λt), t from the middle of the infusion to the scan:\n"
    "as if nothing had decayed, so that scans differ by biological washout only.\n"
    "Tools, numbers and doses stay those at the time of the scan."
)
_PERCENT_STEPS = 100


class DisplayBar(QWidget):
    """Every setting of the image views that is no tool. Setters are silent."""

    fusion_changed = Signal(str)
    opacity_changed = Signal(float)
    scale_changed = Signal(object)
    window_level_changed = Signal(object)
    contours_toggled = Signal(bool)
    crosshair_toggled = Signal(bool)
    own_scale_toggled = Signal(bool)
    decay_correction_toggled = Signal(bool)
    linked_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("display_bar")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._scale = ColourScale(0.0, 1.0)
        self._unit = KILOBECQUEREL_PER_ML
        self._layout = FlowLayout(self, spacing=4)
        self._fusions = self._make_fusions()
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setObjectName("display_opacity")
        self._opacity.setRange(0, _PERCENT_STEPS)
        self._opacity.setMinimumWidth(64)
        self._opacity.setMaximumWidth(64)
        self._opacity.setToolTip("Opacity of the SPECT over the CT")
        self._opacity.valueChanged.connect(lambda value: self.opacity_changed.emit(value / _PERCENT_STEPS))
        self._layout.addWidget(self._opacity)
        self._map = self._make_map()
        self._lower = QuantityEdit(self._unit, object_name="display_lower", digits=0, widest="00000")
        self._upper = QuantityEdit(self._unit, object_name="display_upper", digits=0, widest="00000")
        self._lower.set_unit_visible(False)
        for edit, tip in ((self._lower, "Lower limit of the colour scale"), (self._upper, "Upper limit")):
            edit.set_tool_tip(tip)
            edit.edited.connect(self._limits_edited)
        limits = QWidget()
        limits.setObjectName("display_limits")
        row = QHBoxLayout(limits)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        row.addWidget(self._lower)
        row.addWidget(label("–", role="dimmed"))
        row.addWidget(self._upper)
        self._layout.addWidget(limits)
        self._own = self._toggle("display_own_scale", "Own scale", "Scale each time point by itself (hides washout)")
        self._own.clicked.connect(lambda checked: self.own_scale_toggled.emit(checked))
        self._decay = self._toggle("display_decay_corrected", "Decay-corr.", _DECAY_TIP)
        self._decay.setAccessibleName("Decay-corrected")
        self._decay.clicked.connect(lambda checked: self.decay_correction_toggled.emit(checked))
        self._preset = self._make_preset()
        self._contours = self._toggle("display_contours", "Outlines", "Outlines of VOIs (G)")
        self._contours.setChecked(True)
        self._contours.clicked.connect(lambda checked: self.contours_toggled.emit(checked))
        self._crosshair = self._toggle("display_crosshair", "Cursor", "Cross-hair of the linked cursor")
        self._crosshair.setChecked(True)
        self._crosshair.clicked.connect(lambda checked: self.crosshair_toggled.emit(checked))
        self._linked = self._toggle("display_linked", "Linked", "Zoom and pan all views together")
        self._linked.setChecked(True)
        self._linked.clicked.connect(lambda checked: self.linked_toggled.emit(checked))
        self.set_fusion("fused")
        self.set_opacity(0.85)

    def _make_fusions(self) -> dict[Fusion, QToolButton]:
        group, buttons = QButtonGroup(self), {}
        for fusion, text, tip in _FUSIONS:
            button = QToolButton()
            button.setObjectName(f"display_fusion_{fusion}")
            button.setText(text)
            button.setToolTip(tip)
            button.setProperty("role", "compact")
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, fusion=fusion: self.fusion_changed.emit(fusion))
            group.addButton(button)
            self._layout.addWidget(button)
            buttons[fusion] = button
        return buttons

    def _make_map(self) -> ColourMapBox:
        box = ColourMapBox()
        box.setObjectName("display_colour_map")
        box.setToolTip("Colour map of the SPECT")
        box.activated.connect(lambda _: self._send_scale(colour_map=box.currentText()))
        self._layout.addWidget(box)
        return box

    def _make_preset(self) -> QComboBox:
        box = QComboBox()
        box.setObjectName("display_preset")
        for number, (name, window) in enumerate(CT_PRESETS.items(), start=1):
            box.addItem(name)
            tip = f"W {window.width_hu:.0f} L {window.level_hu:.0f} (key {number})"
            box.setItemData(number - 1, tip, Qt.ItemDataRole.ToolTipRole)
        box.addItem(_OWN)
        box.setToolTip("CT window (keys 1–5); right drag on an image changes it")
        box.activated.connect(self._preset_chosen)
        self._layout.addWidget(box)
        return box

    def _toggle(self, name: str, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setText(text)
        button.setToolTip(tip)
        button.setProperty("role", "compact")
        button.setCheckable(True)
        self._layout.addWidget(button)
        return button

    def append(self, widget: QWidget) -> None:
        """Put something else behind the settings."""
        self._layout.addWidget(widget)

    def set_fusion(self, fusion: Fusion) -> None:
        """Mark which images are shown."""
        self._fusions[fusion].setChecked(True)
        self._opacity.setEnabled(fusion == "fused")

    def set_opacity(self, opacity: float) -> None:
        """Opacity from 0 to 1."""
        with QSignalBlocker(self._opacity):
            self._opacity.setValue(round(opacity * _PERCENT_STEPS))

    def set_scale(self, scale: ColourScale, unit: DisplayUnit | None = None) -> None:
        """Limits in the core unit of the image, colour map, and the unit to show them in."""
        self._scale = scale
        if unit is not None and unit != self._unit:
            self._unit = unit
            for edit in (self._lower, self._upper):
                edit.set_unit(unit)
        self._lower.set_value(scale.lower)
        self._upper.set_value(scale.upper)
        with QSignalBlocker(self._map):
            self._map.setCurrentText(scale.colour_map)

    def set_window_level(self, window: WindowLevel) -> None:
        """Name the preset that this window is, if any."""
        name = next((name for name, preset in CT_PRESETS.items() if preset == window), _OWN)
        with QSignalBlocker(self._preset):
            self._preset.setCurrentText(name)

    def set_contours_visible(self, visible: bool) -> None:
        """Mark whether outlines are shown."""
        self._contours.setChecked(visible)

    def set_crosshair_visible(self, visible: bool) -> None:
        """Mark whether the cross-hair is shown."""
        self._crosshair.setChecked(visible)

    def set_linked(self, linked: bool) -> None:
        """Mark whether views are zoomed and panned together."""
        self._linked.setChecked(linked)

    def set_own_scale(self, own: bool) -> None:
        """Mark whether each time point has its own scale."""
        self._own.setChecked(own)

    def hide_decay_correction(self) -> None:
        """For one scan alone, which is compared with no other."""
        self._decay.hide()

    def set_decay_corrected(self, corrected: bool) -> None:
        """Mark whether the SPECT is shown decay-corrected."""
        self._decay.setChecked(corrected)

    def _limits_edited(self) -> None:
        lower, upper = self._lower.value(), self._upper.value()
        if lower is None or upper is None or upper <= lower:
            self._lower.set_value(self._scale.lower)
            self._upper.set_value(self._scale.upper)
            return
        self._scale = ColourScale(lower, upper, self._scale.colour_map)
        self.scale_changed.emit(self._scale)

    def _send_scale(self, *, colour_map: str) -> None:
        if colour_map != self._scale.colour_map:
            self._scale = ColourScale(self._scale.lower, self._scale.upper, colour_map)
            self.scale_changed.emit(self._scale)

    def _preset_chosen(self) -> None:
        window = CT_PRESETS.get(self._preset.currentText())
        if window is not None:
            self.window_level_changed.emit(window)
