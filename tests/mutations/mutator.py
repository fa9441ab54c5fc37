"""Changes files at random, always the same for the same seed: bytes, lengths, tags, types, values, nesting, text."""

from __future__ import annotations

import contextlib
import io
import random
import re
import struct
import warnings
from collections.abc import Callable

import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

Mutation = Callable[[bytes, random.Random], bytes]

_LONG_VRS = (b"OB", b"OW", b"OF", b"OD", b"SQ", b"UN", b"UT", b"UC", b"UR")
_VRS = (
    *("AE", "AS", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "OB", "OW", "PN", "SH", "SL", "SQ", "SS"),
    *("ST", "TM", "UI", "UL", "UN", "US", "UT", "ZZ"),
)
_LENGTHS = (0, 1, 2, 7, 0xFF, 0xFFFE, 0xFFFF)
_LONG_LENGTHS = (*_LENGTHS, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
_TEXTS = (
    *("", " ", "\\", "\\\\\\", "0", "-0", "-1", "1e308", "-1e308", "1e-308", "1e999", "nan", "inf", "0x10", "1,5"),
    *("99999999999999999999", "20250230", "00000000", "246060", "2025-03-03", "../../etc/passwd", "..\\..\\x"),
    *("/dev/zero", "C:\\CON", "a" * 5000, "\u202egnp.exe", "Żółć^Łucja", "\0\0", "%s%n{0}", "<script>", "1.2." * 30),
    *("NONE", "ADMIN", "BQML", "CNTS", "DECY", "RECON TOMO", "1\\0\\0\\0\\1\\0", "0\\0\\0\\0\\0\\0", "1e9\\1e9\\1e9"),
)
_CHARACTER_SETS = (
    "",
    "ISO_IR 100",
    "ISO_IR 192",
    "ISO 2022 IR 87",
    "\\ISO 2022 IR 149",
    "GB18030",
    "nonsense",
    "ISO_IR 6",
)
_SYNTAXES = (
    *("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"),
    *("1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"),
    *("1.2.840.10008.1.2.4.50", "1.2.3", ""),
)
_SIZES = ("Rows", "Columns", "NumberOfFrames", "BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel")
_LARGE_BYTES = 200_000
_COUNTS = (0, 1, 2, 3, 7, 255, 256, 4096, 32767, 65535)


# --- bytes ------------------------------------------------------------------------------------------------------------


def _flipped(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _flipped_early(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 2, 4))):
        changed[rng.randrange(min(len(changed), 1200))] = rng.randrange(256)
    return bytes(changed)


def _truncated(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content))]


def _spliced(content: bytes, rng: random.Random) -> bytes:
    start, length, place = rng.randrange(len(content)), rng.randrange(1, 400), rng.randrange(len(content))
    block = content[start : start + length]
    kind = rng.randrange(4)
    if kind == 0:
        return content[:place] + block + content[place:]
    if kind == 1:
        return content[:start] + content[start + length :]
    fill = rng.randbytes(len(block)) if kind == 2 else bytes([rng.choice((0, 255))]) * len(block)
    return content[:start] + fill + content[start + length :]


def _extended(content: bytes, rng: random.Random) -> bytes:
    return content + rng.randbytes(rng.choice((1, 8, 500)))


BYTES: tuple[Mutation, ...] = (_flipped, _flipped_early, _truncated, _spliced, _extended)

# --- DICOM ------------------------------------------------------------------------------------------------------------


def _elements(content: bytes) -> list[tuple[int, bytes]]:
    """Offset and VR of every element header in explicit little-endian, walking into sequences and items."""
    found = []
    place = 132
    while place + 8 <= len(content):
        group, _ = struct.unpack_from("<HH", content, place)
        vr = content[place + 4 : place + 6]
        if group == 0xFFFE:
            place += 8
            continue
        if not vr.isalpha() or not vr.isupper():
            break
        found.append((place, vr))
        if vr in _LONG_VRS:
            length = struct.unpack_from("<I", content, place + 8)[0] if place + 12 <= len(content) else 0
            place += 12 + (0 if vr == b"SQ" or length == 0xFFFFFFFF else length)
        else:
            place += 8 + struct.unpack_from("<H", content, place + 6)[0]
    return found


def _lying(content: bytes, rng: random.Random) -> bytes:
    elements = _elements(content)
    if not elements:
        return _flipped(content, rng)
    place, vr = rng.choice(elements)
    changed = bytearray(content)
    with contextlib.suppress(struct.error):
        if vr in _LONG_VRS:
            struct.pack_into("<I", changed, place + 8, rng.choice(_LONG_LENGTHS))
        else:
            struct.pack_into("<H", changed, place + 6, rng.choice(_LENGTHS))
    return bytes(changed)


def _retyped(content: bytes, rng: random.Random) -> bytes:
    elements = _elements(content)
    if not elements:
        return _flipped(content, rng)
    place, _ = rng.choice(elements)
    return content[: place + 4] + rng.choice(_VRS).encode() + content[place + 6 :]


def _retagged(content: bytes, rng: random.Random) -> bytes:
    elements = _elements(content)
    if not elements:
        return _flipped(content, rng)
    (one, _), (other, _) = rng.choice(elements), rng.choice(elements)
    return content[:one] + content[other : other + 4] + content[one + 4 :]


def _datasets(dataset: Dataset, levels: int = 4) -> list[Dataset]:
    """The dataset and its items; not the deepest ones, in which a fault of writing grows with each level above."""
    found = [dataset]
    for element in dataset:
        if element.VR == "SQ" and levels:
            for item in element.value:
                found += _datasets(item, levels - 1)
    return found


def _rewritten(change: Callable[[Dataset, random.Random], None]) -> Mutation:
    """A change of a parsed file, written without any check."""

    def mutate(content: bytes, rng: random.Random) -> bytes:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                dataset = pydicom.dcmread(io.BytesIO(content))
                change(dataset, rng)
                out = io.BytesIO()
                dataset.save_as(out)
            return out.getvalue()
        except Exception:  # what can't be written is changed as bytes instead
            return _flipped(content, rng)

    return mutate


def _remove(dataset: Dataset, rng: random.Random) -> None:
    inner = rng.choice(_datasets(dataset))
    for tag in rng.sample(list(inner.keys()), min(len(inner), rng.choice((1, 1, 3)))):
        del inner[tag]


def _change_text(dataset: Dataset, rng: random.Random) -> None:
    inner = rng.choice(_datasets(dataset))
    element = inner[rng.choice(list(inner.keys()))]
    element._value = Sequence([Dataset()]) if element.VR == "SQ" and rng.random() < 0.5 else element._value
    if element.VR in ("US", "UL", "SS", "SL"):
        element._value = rng.choice(_COUNTS)
    elif element.VR in ("FD", "FL"):
        element._value = rng.choice((0.0, -1.0, 1e308, 1e-308, float("nan"), float("inf")))
    elif element.VR not in ("SQ", "OB", "OW"):
        element._value = rng.choice(_TEXTS)


def _change_size(dataset: Dataset, rng: random.Random) -> None:
    for keyword in rng.sample(_SIZES, rng.choice((1, 2, 3))):
        setattr(
            dataset, keyword, rng.choice((*_COUNTS, 2**31 - 1)) if keyword == "NumberOfFrames" else rng.choice(_COUNTS)
        )


def _change_character_set(dataset: Dataset, rng: random.Random) -> None:
    dataset.SpecificCharacterSet = rng.choice(_CHARACTER_SETS).split("\\")
    dataset.add_new(0x00100010, "PN", rng.randbytes(12).decode("latin-1"))


def _add_private(dataset: Dataset, rng: random.Random) -> None:
    inner = rng.choice(_datasets(dataset))
    group = rng.choice((0x0009, 0x0011, 0x7FE1, 0xFFFD))
    inner.add_new((group, 0x0010), "LO", rng.choice(_TEXTS))
    inner.add_new((group, 0x1001), "UN", rng.randbytes(rng.choice((0, 3, 2000))))


def _nest(dataset: Dataset, rng: random.Random) -> None:
    depth = rng.choice((3, 20, 60, 150))
    item = Dataset()
    for _ in range(depth):
        outer = Dataset()
        outer.ReferencedSeriesSequence = Sequence([item])
        outer["ReferencedSeriesSequence"].is_undefined_length = rng.random() < 0.8
        item = outer
    rng.choice(_datasets(dataset)).update(item)


def _repeat(dataset: Dataset, rng: random.Random) -> None:
    sequences = [e for inner in _datasets(dataset) for e in inner if e.VR == "SQ" and e.value]
    if sequences:
        element = rng.choice(sequences)
        element._value = Sequence(list(element.value) * rng.choice((2, 3, 50)))


def _resyntax(content: bytes, rng: random.Random) -> bytes:
    match = re.search(rb"\x02\x00\x10\x00UI(..)", content, re.DOTALL)
    if match is None:
        return _flipped(content, rng)
    length = struct.unpack("<H", match[1])[0]
    text = rng.choice(_SYNTAXES).encode()
    text += b"\0" * (len(text) % 2)
    end = match.end() + length
    return content[: match.start() + 6] + struct.pack("<H", len(text)) + text + content[end:]


DICOM: tuple[Mutation, ...] = (
    _lying,
    _lying,
    _retyped,
    _retagged,
    _resyntax,
    *(
        _rewritten(change)
        for change in (
            *(_remove, _remove, _change_text, _change_text, _change_text, _change_size),
            *(_change_character_set, _add_private, _nest, _repeat),
        )
    ),
)

# --- NIfTI, names, case file ------------------------------------------------------------------------------------------

_NIFTI_FIELDS = {"h": (40, 42, 44, 46, 48, 70, 72, 252, 254), "f": (76, 80, 84, 88, 108, 112, 116, 256, 280, 296, 312)}


def _nifti_field(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    form = rng.choice("hhf")
    value = rng.choice((0, 1, -1, 7, 32767, -32768)) if form == "h" else rng.choice((0, -1, 1e38, float("nan"), 1e-30))
    with contextlib.suppress(struct.error):
        struct.pack_into("<" + form, changed, rng.choice(_NIFTI_FIELDS[form]), value)
    return bytes(changed)


_WORDS = (
    "true",
    "[]",
    "{}",
    '""',
    "-1",
    "0",
    "1e999",
    "nan",
    "inf",
    "1979-05-27",
    "99999999999999999999999",
    '"\\u0000"',
)


def _text_value(content: bytes, rng: random.Random) -> bytes:
    lines = content.decode("utf-8", "replace").splitlines(keepends=True)
    place = rng.randrange(len(lines))
    match = re.match(r'(\s*[\w".-]+\s*[=:]\s*)(.*)', lines[place])
    if match:
        lines[place] = f"{match[1]}{rng.choice(_WORDS)}\n"
    return "".join(lines).encode()


def _text_lines(content: bytes, rng: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)
    place, kind = rng.randrange(len(lines)), rng.randrange(4)
    if kind == 0:
        del lines[place]
    elif kind == 1:
        lines.insert(place, lines[rng.randrange(len(lines))])
    elif kind == 2:
        lines.insert(place, b"x = " + b"[" * rng.choice((1, 50, 3000)) + b"\n")
    else:
        rng.shuffle(lines)
    return b"".join(lines)


NIFTI: tuple[Mutation, ...] = (_nifti_field, _nifti_field, _nifti_field)
TEXT: tuple[Mutation, ...] = (_text_value, _text_value, _text_value, _text_lines, _text_lines)

_NAMES = (
    *("with space.dcm", "-rf.dcm", "quote'\".dcm", "semi;colon$(x).dcm", "new\nline.dcm", "tab\t.dcm", "\u202egnp.dcm"),
    *(
        "Żółć.dcm",
        "名前.dcm",
        "a" * 200 + ".dcm",
        "CON",
        "nul.dcm",
        "~",
        "%2e%2e%2f.dcm",
        "..dcm",
        "DICOMDIR2",
        "\udcff\udcfe.dcm",
    ),
)


def mutated(kind: str, content: bytes, rng: random.Random) -> tuple[str, bytes]:
    """Name of the change and the changed content of a file of some kind."""
    if kind.startswith("nifti"):
        known = (*BYTES, *(TEXT if kind == "nifti-names" else NIFTI))
    else:
        known = (*BYTES, *(TEXT if kind == "case" else DICOM))
    rounds = rng.choice((1, 1, 1, 2, 3))
    names = []
    for _ in range(rounds):
        if len(content) > _LARGE_BYTES:  # repeated once too often
            break
        change = rng.choice(known)
        content = change(content, rng) or b"\0"
        names.append(getattr(change, "__name__", "change").strip("_"))
    return "+".join(names), content


def odd_name(rng: random.Random) -> str:
    """A file name that some program would trip over."""
    return rng.choice(_NAMES)
