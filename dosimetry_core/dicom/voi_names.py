"""What a VOI is, told from its name in the usual languages; what can't be told is said, not guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from dosimetry_core.voi import Role


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words are compared without accents and case; English, German, French, Italian, Spanish, Portuguese, Polish, Czech,
# Dutch, Scandinavian, Finnish, Hungarian, Turkish, Latin, Russian and Ukrainian.
_KIDNEY = _words(
    "kidney kid ren niere rein rene rinon rim nerka ledvina nier njure nyre munuainen vese bobrek почка нирка"
)
_KIDNEYS = _words(
    "kidneys renes nieren reins reni rinones rins nerki ledviny njurar nyrer munuaiset vesek bobrekler почки нирки"
)
_LEFT = _words(
    "left l lt lft links li linke linker linken gauche sinistra sinistro sinister sin sx izquierdo izquierda izq "
    "esquerdo esquerda esq lewa lewy lewej leva levy vanster venstre vasen левая левои лева лев л"
)
_RIGHT = _words(
    "right r rt rgt rechts re rechte rechter rechten droit droite destra destro dexter dext dx derecho derecha "
    "direito direita prawa prawy prawej prava pravy hoger hogre hoyre hojre oikea jobb правая правои права прав"
)
# Single letters that mean a side only beside the kidney of their language.
_LEFT_LETTER = {"rein": "g", "rene": "s", "ren": "s"}
_RIGHT_LETTER = {"rein": "d", "rene": "d", "ren": "d", "nerka": "p"}
_BOTH = _words("both beide obie horseshoe hufeisenniere podkowiasta")
_ORGANS: dict[Role, frozenset[str]] = {
    "liver": _words(
        "liver hepar leber foie fegato higado figado watroba jatra lever maksa maj karaciger печень печінка"
    ),
    "spleen": _words(
        "spleen lien splen milz rate milza bazo baco sledziona slezina milt mjalte perna lep dalak селезенка"
    ),
}
_LESION = _words(
    "lesion lesions lasion lasionen lesione lesioni lesiones lesao lesoes zmiana zmiany tumour tumours tumor tumors "
    "tumore tumori tumores tumeur tumeurs tumoren guz guzy nador kasvain daganat met mets metastasis metastases "
    "metastase metastasen metastaza metastasi metastaasi przerzut przerzuty gtv опухоль метастаз очаг пухлина"
)
_WITHOUT = _words("minus without wo excl excluding ohne sans senza bez uden utan")
_NOT_THE_ORGAN = _words(
    "pelvis cyst cysts medulla calyx calyces hilum becken nierenbecken zyste zysten miedniczka torbiel bassinet kyste "
    "cisti ureter accessory near shell dome vessel vein artery ring bed"
)
_PHRASES: tuple[tuple[Role, re.Pattern[str]], ...] = (
    (
        "red_marrow",
        re.compile(r"\bmarrow\b|\bknochenmark\b|\bszpik\b|\bmoelle\b|\bmidollo\b|\bmedula\b"),
    ),
    (
        "whole_body",
        re.compile(
            r"\bwhole ?body\b|\btotal ?body\b|^wb$|^body$|^external$|\bganzkorper\b|\bcale cialo\b|\bcorps entier\b"
            r"|\bcorpo (intero|inteiro)\b|\bcuerpo entero\b|\bpatient outline\b"
        ),
    ),
    ("remainder", re.compile(r"\bremainder\b|\brest of( the)? body\b|\brestkorper\b|\breszta ciala\b")),
    ("background", re.compile(r"\bbackground\b|^bkg\b|^bgd?\b|\bhintergrund\b|\btlo\b|\bbruit de fond\b|\bfondo\b")),
)


def normalised_name(name: str) -> str:
    """NFC form without surrounding or doubled spaces: the form in which VOI names are stored and compared."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def _tokens(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", spaced.casefold().replace("ł", "l").replace("ø", "o").replace("ı", "i"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return [part for part in re.split(r"[\W_\d]+", plain) if part]


def role_from_name(name: str) -> Role | None:
    """Role that a name tells, or None if it can't be told (a kidney without its side, an unknown word)."""
    tokens = _tokens(name)
    words = set(tokens)
    phrase = " ".join(tokens)
    for role, pattern in _PHRASES:
        if pattern.search(phrase):
            return role
    kidney, organs = bool(words & (_KIDNEY | _KIDNEYS)), [role for role, stems in _ORGANS.items() if words & stems]
    spared = bool(words & _WITHOUT) and (kidney or bool(organs))
    if words & _LESION and not spared:
        return "lesion"
    if words & _NOT_THE_ORGAN and not spared:
        return None
    if len(organs) == 1 and not kidney:
        return organs[0]
    if not kidney or organs:
        return None
    left, right = (
        bool(words & stems) or any(word in words and letter in words for word, letter in letters.items())
        for stems, letters in ((_LEFT, _LEFT_LETTER), (_RIGHT, _RIGHT_LETTER))
    )
    if left != right:
        return "kidney_left" if left else "kidney_right"
    return "kidneys" if left or words & (_KIDNEYS | _BOTH) else None


def role_of(name: str, roles: Mapping[str, Role]) -> Role | None:
    """Role by the user's mapping, else by the name."""
    wanted = normalised_name(name)
    for key, role in roles.items():
        if normalised_name(key) == wanted:
            return role
    return role_from_name(name)
