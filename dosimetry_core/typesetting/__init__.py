"""Bundled templates and fonts, and the compiler that makes PDF/A-3 of them: the same bytes for the same data."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import metadata, resources
from typing import Any, Final

from dosimetry_core.canonical_json import sha256_hex
from dosimetry_core.data_tables import resource, table_bytes
from dosimetry_core.typesetting.font_coverage import covered_code_points
from dosimetry_core.typesetting.printable import characters_of, printable
from dosimetry_core.typesetting.system_fonts import shown_by_system, typst_error

PDF_STANDARD: Final = "a-3b"
PLAN_TEMPLATE: Final = ("style.typ", "figures.typ", "plan.typ")
SIGNATURE_TEMPLATE: Final = ("style.typ", "signature.typ")
KEY_IMAGE_TEMPLATE: Final = ("style.typ", "key_image.typ")
AUDIT_TEMPLATE: Final = ("style.typ", "audit.typ")
REPORT_TEMPLATE: Final = ("style.typ", "figures.typ", "treatment_report/report.typ")
FONT_NAMES: Final = ("Inter-Regular.otf", "Inter-SemiBold.otf", "Inter-Italic.otf")


@functools.cache
def template_digest() -> str:
    """SHA-256 over all templates and fonts: with the same one and the same compiler, pages come out the same."""
    parts = [table_bytes("report", name) for name in sorted({*PLAN_TEMPLATE, *SIGNATURE_TEMPLATE})]
    parts += [table_bytes("report", "fonts", name) for name in FONT_NAMES]
    return sha256_hex(b"".join(sha256_hex(part).encode("ascii") for part in parts))


@functools.cache
def compiler_version() -> str:
    """Version of the typesetting compiler."""
    return f"typst {metadata.version('typst')}"


@functools.cache
def font_coverage() -> frozenset[int]:
    """Code points that every bundled font shows."""
    return frozenset.intersection(*(covered_code_points(table_bytes("report", "fonts", name)) for name in FONT_NAMES))


def typeset(
    template: Sequence[str],
    data: Mapping[str, Any],
    *,
    attachments: Mapping[str, bytes],
    moment: datetime,
    with_system_fonts: bool = False,
) -> bytes:
    """A document compiled from bundled templates and its data.

    Parameters
    ----------
    template
        Names of files of resources/report, or of another folder that is named before it; read one after the other as
        one text.
    data
        What the template shows; characters no bundled font has are written out as [U+XXXX].
    attachments
        Name of the template's input → UTF-8 content.
    moment
        Document date, with a time zone.
    with_system_fonts
        Whether characters that no bundled font has may come from the fonts of this computer; then another computer may
        make other pages.

    Returns
    -------
    bytes
        A PDF/A-3b file, the same for the same arguments.
    """
    bundled = font_coverage()
    if with_system_fonts and (missing := characters_of(data) - bundled):
        try:
            shown = printable(data, bundled | shown_by_system(missing))
            return _compiled(template, shown, attachments, moment, system_fonts=True)
        except typst_error():
            pass  # signs that this computer shows one by one, but not joined as they are here
    return _compiled(template, printable(data, bundled), attachments, moment, system_fonts=False)


def _compiled(
    template: Sequence[str], data: Any, attachments: Mapping[str, bytes], moment: datetime, *, system_fonts: bool
) -> bytes:
    import typst  # here, so that nothing but printing needs the compiler

    source = b"".join(table_bytes(*(name if "/" in name else f"report/{name}").split("/")) for name in template)
    shown = json.dumps(data, ensure_ascii=False, allow_nan=False)
    with resources.as_file(resource("report", "fonts", FONT_NAMES[0])) as font:
        fonts = typst.Fonts(
            include_system_fonts=system_fonts, include_embedded_fonts=False, font_paths=[str(font.parent)]
        )
        compiler = typst.Compiler(source, font_paths=fonts)
        pdf = compiler.compile(
            format="pdf",
            pdf_standards=[PDF_STANDARD],
            timestamp=int(moment.timestamp()),
            sys_inputs={"data": shown} | {name: content.decode("utf-8") for name, content in attachments.items()},
        )
    if not isinstance(pdf, bytes):
        raise ValueError("the template gave no PDF")
    return pdf
