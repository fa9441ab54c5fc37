"""Any table or tree of Qt as tab-separated text: titles, and every number with its unit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QTreeView

# Litres and metres alone have prefixes, and a capital alone is no unit: "Kidney (L)" is the left one.
_ALONE = r"[kMGmµ]?(?:Gy|Bq|eV|mol|g|s)|[cmµ][Lm]|dL|min|h|d|weeks|years|days|counts|bytes|HU|%|°"
_FACTOR = rf"(?:(?:\d+ )?(?:{_ALONE}|L|U|IU|m)[²³]?|10[⁰¹²³⁴⁵⁶⁷⁸⁹]+|1|1\.73 m²)"
_UNIT = rf"(?:{_ALONE}|{_FACTOR}(?:[·/]{_FACTOR})+)"
_UNIT_OF_TITLE = re.compile(
    rf".*\((?P<a>{_UNIT})\)|.* / (?P<b>{_UNIT})|(?:± )?(?P<c>{_UNIT})|.*(?: (?P<d>%)|\n(?P<e>{_UNIT}))"
)
_NUMBER = re.compile(r"[−+-]?\d+(?:[.,]\d+)?(?: ± \d+(?:[.,]\d+)?)?")


def view_text(view: QAbstractItemView) -> str:
    """What a view shows: the selected rows, or all where nothing or one cell alone is selected; hidden columns not.

    A number under a title that ends in a unit or is one, "Volume (mL)", "Dose / Gy", "Gy", gets that unit behind it.
    What is no unit, "± (k = 1)" or "Left / right", is not put there.
    """
    model = view.model()
    header = _header(view)
    columns = [number for number in range(model.columnCount()) if header is None or not header.isSectionHidden(number)]
    if header is not None:
        columns.sort(key=header.visualIndex)
    headings = [str(model.headerData(number, Qt.Orientation.Horizontal) or "") for number in columns]
    titles = [_shown(heading) for heading in headings]
    selection = view.selectionModel()
    chosen = {index.siblingAtColumn(0) for index in selection.selectedIndexes()} if selection is not None else set()
    rows = [index for index in _rows(model, QModelIndex()) if len(chosen) < 2 or index.siblingAtColumn(0) in chosen]
    lines = ["\t".join(titles)] if any(titles) else []
    for index in rows:
        cells = [_shown(index.siblingAtColumn(number).data()) for number in columns]
        lines.append("\t".join(with_unit(cell, heading) for cell, heading in zip(cells, headings, strict=True)))
    return "\n".join(lines)


def with_unit(cell: str, title: str) -> str:
    """A number with the unit that stands in the title of its column, at its end or below it; other text as it is."""
    found = _UNIT_OF_TITLE.fullmatch(title)
    if found is None or not _NUMBER.fullmatch(cell):
        return cell
    unit = next(filter(None, found.groups()))
    return f"{cell} {'× ' if unit.startswith('10') else ''}{unit}"


def _header(view: QAbstractItemView) -> QHeaderView | None:
    if isinstance(view, QTableView):
        return view.horizontalHeader()
    return view.header() if isinstance(view, QTreeView) else None


def _rows(model: QAbstractItemModel, parent: QModelIndex) -> Iterator[QModelIndex]:
    for number in range(model.rowCount(parent)):
        index = model.index(number, 0, parent)
        yield index
        yield from _rows(model, index)


def _shown(data: object) -> str:
    return "" if data is None else " ".join(str(data).split())
