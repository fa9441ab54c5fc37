"""Which characters the fonts of this computer can show."""

from __future__ import annotations

from importlib import resources
from typing import Any, Final

from dosimetry_core.data_tables import resource

_PROBE: Final = b'#set text(font: "Inter")\n#sys.inputs.text'


def typst_error() -> type[Exception]:
    """What the compiler raises where it can't make a document."""
    from typst import TypstError

    return TypstError


def shown_by_system(characters: frozenset[int]) -> frozenset[int]:
    """Those of some code points that a font of this computer has.

    Notes
    -----
    PDF/A allows no missing sign, so that the compiler refuses a text in which one is: halves of the set are tried until
    only signs are left that no font has.
    """
    import typst

    with resources.as_file(resource("report", "fonts", "Inter-Regular.otf")) as font:
        fonts = typst.Fonts(include_system_fonts=True, include_embedded_fonts=False, font_paths=[str(font.parent)])
        return frozenset(_shown(sorted(characters), fonts))


def _shown(codes: list[int], fonts: Any) -> list[int]:
    import typst

    if not codes:
        return codes
    text = " ".join(map(chr, codes))
    try:
        compiler = typst.Compiler(_PROBE, font_paths=fonts)
        compiler.compile(format="pdf", pdf_standards=["a-3b"], timestamp=0, sys_inputs={"text": text})
    except typst_error():
        half = len(codes) // 2
        return _shown(codes[:half], fonts) + _shown(codes[half:], fonts) if half else []
    return codes
