from __future__ import annotations

import unicodedata

import pytest

from dosimetry_core.dicom.voi_names import normalised_name, role_from_name, role_of


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("kidney_left", "Kidney L|kidney_left|LeftKidney|Lt Kidney|nerka lewa|rein gauche|Niere li.|Riñón izquierdo"),
        (
            "kidney_right",
            "Kidney R|KIDNEY_RIGHT|KidneyR|nerka prawa|Nerka P|rein D|rechte Niere|Rene destro|правая почка",
        ),
        ("kidneys", "Kidneys|both kidneys|nerki|Nieren|Kidney L+R|horseshoe kidney"),
        ("liver", "Liver|LIVER 1|wątroba|Leber|foie|Liver minus tumours|fegato"),
        ("spleen", "Spleen|śledziona|Milz|rate|bazo|селезёнка"),
        ("lesion", "Lesion 1|Liver lesion 2|Tumour|met_3|Metastase 4|przerzut 1|Bone met|GTV1|zmiana 7"),
        ("whole_body", "Whole body|WB|body|external|Ganzkörper"),
        ("remainder", "Remainder|rest of the body"),
        ("red_marrow", "Red marrow|bone marrow|szpik"),
        ("background", "Background|BG left kidney"),
        (None, "Kidney|renal pelvis L|Kidney L cyst|bowel|L3|VOI 1|left|accessory spleen"),
    ],
)
def test_that_roles_are_told_from_usual_names_and_only_from_them(role: str | None, names: str) -> None:
    assert {name: role_from_name(name) for name in names.split("|")} == dict.fromkeys(names.split("|"), role)


def test_that_names_are_compared_in_one_normal_form() -> None:
    composed, decomposed = unicodedata.normalize("NFC", "Śledziona"), unicodedata.normalize("NFD", "Śledziona")
    assert composed != decomposed
    assert normalised_name(f" {decomposed}  1") == f"{composed} 1"
    assert role_of(composed, {decomposed: "other"}) == "other"


def test_that_the_users_mapping_goes_before_the_name() -> None:
    assert role_of("Kidney L", {"Kidney L": "lesion"}) == "lesion"
    assert role_of("Kidney L", {"Kidney": "lesion"}) == "kidney_left"
