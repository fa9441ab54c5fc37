"""Names where nobody looks: coded elements, preambles, paddings, comments of compressed pixels, streams of PDF."""

from __future__ import annotations

import base64
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pypdfium2 as pdfium
import pytest
from pydicom.uid import JPEG2000Lossless

from app.cli import main
from dosimetry_core.case_file import read_case
from dosimetry_core.data_tables import resource
from dosimetry_core.deidentification.case_content import WORDS, case_without_identity
from dosimetry_core.deidentification.objects import Disguise, pseudonym_of, without_identity
from dosimetry_core.deidentification.words import words_of_make
from dosimetry_core.given_details import DETAILS
from tests.small_study import CASE, write_small_case

SURNAME, FORENAME, NUMBER = "Żółkiewska", "Łucja", "85010112345"
NAMES = [f"QX{number:03d}KOWALSK" for number in range(200)]
CODED = ("ImageType", "ContentLabel", "Manufacturer", "ManufacturerModelName", "StationName")
SEVERAL = ("ImageType",)
NOTES = """
[[settings.density_curve]]
name = "QX195KOWALSK"
source = "QX196KOWALSK"
points = [[-1000.0, 0.001], [0.0, 1.0], [1000.0, 1.6]]
[settings.radiobiology.kidneys]
alpha_beta_gy = 2.6
source = "QX197KOWALSK"
[follow_up]
died_on = 2026-01-01
"""


def hide(folder: Path) -> None:
    """Every name in a place that a list of elements to be removed would pass over."""
    left = iter(NAMES[:195])
    for path in sorted(folder.rglob("*.dcm")):
        dataset = pydicom.dcmread(path)
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.PatientName, dataset.PatientID = f"{SURNAME}^{FORENAME}", NUMBER
        for keyword in CODED:
            name = next(left, None)
            if name is not None:
                former = (
                    [str(one) for one in dataset.get(keyword, [])] if keyword in ("ImageType", "CorrectedImage") else []
                )
                setattr(dataset, keyword, [*former, name] if former else name)
        dataset.preamble = next(left, "QX000KOWALSK").encode().ljust(128, b"\0")
        dataset.add_new(0xFFFCFFFC, "OB", next(left, "QX000KOWALSK").encode())
        dataset.save_as(path)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    text = CASE.replace('id = "P-1"', f'id = "{NUMBER}"').replace("Demo^Patient", f"{SURNAME}^{FORENAME}")
    details = "".join(f'  {key} = "QX199KOWALSK {key}"\n' for key in DETAILS)
    texts = f'  given_by = "QX198KOWALSK"\n  comment = "QX199KOWALSK"\n{details}'
    text = text.replace("  infusion_min", f"{texts}  infusion_min", 1)
    original = write_small_case(tmp_path_factory.mktemp("original") / f"{SURNAME} {NUMBER}", text + NOTES)
    hide(original)
    out = tmp_path_factory.mktemp("out") / "research"
    assert main(["deidentify", str(original), "--out", str(out)]) == 0
    return original, out


def layers_of(content: bytes) -> list[bytes]:
    """A file, what is deflated in it, and what stands in it by base 64 or as hexadecimal digits."""
    found = [content]
    for place in re.finditer(rb"stream\r?\n", content):
        try:
            found.append(zlib.decompressobj().decompress(content[place.end() :]))
        except zlib.error:
            continue
    for one in list(found):
        for text in re.findall(rb"[A-Za-z0-9+/]{16,}={0,2}", one):
            found.append(base64.b64decode(text[: len(text) // 4 * 4]))
        found += [bytes.fromhex(text[: len(text) // 2 * 2].decode()) for text in re.findall(rb"[0-9A-Fa-f]{16,}", one)]
    return found


def secrets() -> list[bytes]:
    words = [*NAMES, "KOWALSK", SURNAME, FORENAME, NUMBER, "olkiewska"]
    encoded = [word.encode(code) for word in words for code in ("utf-8", "utf-16-le", "utf-16-be")]
    return encoded + [word.encode("iso8859-2") for word in (SURNAME, FORENAME)]


def test_that_no_name_is_found_in_any_layer_of_any_file(folders: tuple[Path, Path]) -> None:
    original, out = folders
    wanted = secrets()
    hidden = b"".join(path.read_bytes() for path in original.rglob("*") if path.is_file())
    assert all(name.encode() in hidden for name in NAMES)
    files = [path for path in out.rglob("*") if path.is_file()]
    assert {"report.pdf", "results.json", "case.toml"} <= {path.name for path in files}
    for path in files:
        whole = b"\n".join(layers_of(path.read_bytes())) + str(path.relative_to(out)).encode()
        assert [one for one in wanted if one in whole] == [], path


def test_that_the_report_is_of_the_pseudonym_and_holds_no_name_and_no_original_date(folders: tuple[Path, Path]) -> None:
    document = pdfium.PdfDocument((folders[1] / "report.pdf").read_bytes())
    text = "".join(page.get_textpage().get_text_bounded() for page in document)
    text += " ".join(str(value) for value in document.get_metadata_dict().values())
    document.close()
    pseudonym = read_case(folders[1]).patient.patient_id
    assert pseudonym in text
    assert [word for word in (SURNAME, FORENAME, NUMBER, "KOWALSK", "QX", "2025-03") if word in text] == []


def test_that_no_date_tells_by_how_much_dates_moved(folders: tuple[Path, Path]) -> None:
    """An object made today, with its date moved like the others, would."""
    scans = {str(pydicom.dcmread(path).AcquisitionDate) for path in folders[1].rglob("*spect*.dcm")}
    vois = pydicom.dcmread(next(folders[1].rglob("vois.dcm")))
    assert str(vois.ContentDate) in scans
    assert {str(one.value) for one in vois.iterall() if one.VR == "DA" and one.value} <= scans


def test_that_comments_in_compressed_pixels_stay_behind(folders: tuple[Path, Path]) -> None:
    original = pydicom.dcmread(next(folders[0].rglob("ct0*.dcm")))
    pixels = original.pixel_array[np.newaxis]
    original.PixelData = pydicom.encaps.encapsulate([b"\xff\x4f" + b"QX000KOWALSK"])
    original["PixelData"].is_undefined_length = True
    original.file_meta.TransferSyntaxUID = JPEG2000Lossless
    disguise = Disguise(bytes(32), pseudonym_of(bytes(32), NUMBER), -1000)
    made = without_identity(original, disguise, where="x.dcm", pixels=pixels)
    content = io.BytesIO()
    pydicom.dcmwrite(content, made, enforce_file_format=True)
    assert b"QX000" not in content.getvalue()
    assert np.array_equal(pydicom.dcmread(io.BytesIO(content.getvalue())).pixel_array, pixels[0])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("SIEMENS NM", "SIEMENS NM"),
        ("Symbia Intevo Bold", "Symbia Intevo Bold"),
        ("Discovery NM/CT 670 Pro", "Discovery NM/CT 670 Pro"),
        ("GE MEDICAL SYSTEMS, Warszawa", "GE MEDICAL SYSTEMS,"),
        ("Kowalski", ""),
        ("85010112345", ""),
    ],
)
def test_that_of_a_make_only_known_words_stay(text: str, kept: str) -> None:
    assert words_of_make(text) == kept


def choices(schema: Any, inside: str = "") -> Iterator[str]:
    """Words that a case file may choose from, outside patient and follow-up, and not as keys."""
    if isinstance(schema, dict):
        for key, part in schema.items():
            if key in ("enum", "const"):
                yield from (word for word in (part if isinstance(part, list) else [part]) if isinstance(word, str))
            elif key not in ("propertyNames", "patient", "follow_up"):
                yield from choices(part, key)
    elif isinstance(schema, list):
        for part in schema:
            yield from choices(part, inside)


def test_that_every_choice_of_the_case_file_is_kept() -> None:
    """A choice that is left out would be read as another one, with other numbers."""
    schema = json.loads(resource("schemas", "case.schema.json").read_text("utf-8"))
    found = set(choices(schema))
    assert len(found) > 60
    assert found - WORDS == set()


def test_that_a_shape_on_a_scan_keeps_its_place_and_loses_its_name() -> None:
    line = {"voi": "Kidney L (Nowak)", "time_point": 2, "shape": "Nowak late", "reason": "Nowak moved", "by": "Nowak"}
    moved = {"voi": "Kidney L (Nowak)", "time_point": 1, "shift_mm": [1.0, 2.0, 3.0], "method": "manual", "reason": "x"}
    content = {
        "format": 1,
        "patient": {"id": "P-1", "name": "A^B"},
        "course": {"protocol": "duonen-a"},
        "cycle": [{"number": 1, "vois": ["a.dcm"], "voi_on_scan": [line, moved]}],
    }
    names = {"Kidney L (Nowak)": "Kidney L"}
    disguise = Disguise(bytes(32), "R", -1000, names, {}, {"Kidney L on scan 2": "kidney_left"})
    (cycle,) = case_without_identity(content, disguise, protocols=frozenset(("duonen-a",)))["cycle"]
    assert cycle["vois"] == ["cycle1/vois.dcm", "cycle1/vois-on-scans.dcm"]
    assert cycle["voi_roles"] == {"Kidney L on scan 2": "kidney_left"}
    reason = "as in the original course"
    assert cycle["voi_on_scan"] == [
        {"voi": "Kidney L", "time_point": 2, "shape": "Kidney L on scan 2", "reason": reason},
        {"voi": "Kidney L", "time_point": 1, "shift_mm": [1.0, 2.0, 3.0], "method": "manual", "reason": reason},
    ]
