from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from tests.widgets.layout_checks import clipped_texts, overlapping_siblings
from tests.widgets.layout_gallery import faults, gallery


def test_that_nothing_is_cut_off_or_overlaps_on_a_small_screen(qapp):
    assert faults() == []


def test_that_nothing_is_cut_off_or_overlaps_at_twice_the_scale():
    environment = {**os.environ, "QT_SCALE_FACTOR": "2", "QT_QPA_PLATFORM": "offscreen"}
    program = [sys.executable, "-m", "tests.widgets.layout_gallery"]
    root = Path(__file__).parents[2]
    done = subprocess.run(program, env=environment, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:1] == ["ratio 2.0"]
    assert done.stdout.strip().split("\n")[1:] == []


def test_that_the_check_finds_a_cut_text_and_an_overlap(qtbot):
    top = QWidget()
    qtbot.addWidget(top)
    QPushButton("A rather long text", top).setGeometry(0, 0, 40, 24)
    QLabel("over it", top).setGeometry(10, 5, 80, 20)
    top.show()
    assert len(clipped_texts(top)) == 1
    assert len(overlapping_siblings(top)) == 1
    tidy = QWidget()
    qtbot.addWidget(tidy)
    row = QHBoxLayout(tidy)
    row.addWidget(QPushButton("A rather long text"))
    row.addWidget(QLabel("beside it"))
    tidy.show()
    assert clipped_texts(tidy) == overlapping_siblings(tidy) == []


def test_that_everything_that_takes_input_or_shows_a_number_has_a_name_and_a_tooltip(qapp):
    from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QComboBox, QLineEdit, QScrollBar

    nameless, silent = [], []
    for widget, _ in gallery():
        for child in [widget, *widget.findChildren(QWidget)]:
            if not isinstance(child, QAbstractButton | QAbstractSlider | QComboBox | QLineEdit) or isinstance(
                child, QScrollBar
            ):
                continue
            if not child.objectName():
                nameless.append(f"{type(widget).__name__}: {type(child).__name__}")
            if child.isEnabled() and not child.toolTip() and not child.objectName().startswith("qt_"):
                silent.append(f"{type(widget).__name__}: {child.objectName()}")
        widget.deleteLater()
    assert nameless == []
    assert silent == []
