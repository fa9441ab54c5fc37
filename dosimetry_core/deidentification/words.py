"""Words that may stay in coded elements: those that the standard defines, and the makes and models of cameras.

A scanner may write anything into most coded elements (PS3.3 leaves many of them open), and a name in capitals looks
like any other word. What is not listed here stays behind.
"""

from __future__ import annotations

import re
from typing import Final

# Modality; Image Type and Frame Type (PS3.3 C.7.6.1.1.2, C.8.4.9, C.8.16.1); corrections, units and decay (C.8.9.1);
# pixels, position, sex; contours, segmentations, registrations; rotation and enhanced objects.
_STANDARD: Final = """
NM,CT,PT,MR,SEG,RTSTRUCT,RTDOSE,REG,OT,SR,SC
ORIGINAL,DERIVED,PRIMARY,SECONDARY,MIXED,AXIAL,LOCALIZER,VOLUME,REFORMATTED,EMISSION,TRANSMISSION,STATIC,DYNAMIC
GATED,WHOLE BODY,TOMO,GATED TOMO,RECON TOMO,RECON GATED TOMO,IMAGE,REPROJECTION,NONE,ATTENUATION,REST,STRESS,QUANTITY
UNIF,COR,NCO,DECY,ATTN,SCAT,DTIM,NRGY,LIN,MOTN,CLN,CALB,DCAL,NORM,RADL,RAN
CNTS,BQML,GML,PROPCNTS,PCNT,CPS,CM2,START,ADMIN,YES,NO,UNDEFINED,00,01
MONOCHROME1,MONOCHROME2,MONOCHROME,RGB,COLOR,HFS,HFP,FFS,FFP,HFDR,HFDL,FFDR,FFDL,F,M,O,HU,US,OD
POINT,OPEN_PLANAR,CLOSED_PLANAR,CLOSEDPLANAR_XOR,OPEN_NONPLANAR,BINARY,FRACTIONAL,LABELMAP,PROBABILITY,OCCUPANCY
AUTOMATIC,SEMIAUTOMATIC,MANUAL,ORGAN,EXTERNAL,PTV,CTV,GTV,AVOIDANCE,CONTROL,RIGID,RIGID_SCALE,AFFINE
CW,CC,STEP AND SHOOT,CONTINUOUS,ACQ DURING STEP,SAMPLED,DISTORTED,MAX_IP,MAGNITUDE
3D,3D_TEMPORAL,APPROVED,UNAPPROVED,REJECTED,VOIS,REGISTRATION
"""
_MAKES_AND_MODELS: Final = """
siemens healthineers nm medical systems ge healthcare philips mediso spectrum dynamics canon toshiba hermes hitachi
united imaging uih adac shimadzu picker marconi elscint lutetia demonstration virtual spect/ct spect ct pet pet/ct
symbia intevo evo bold pro pro.specta x3 x7 t t2 t6 t16 s e discovery nm/ct nm/pet optima infinia hawkeye starguide
brivo millennium varicam veriton veriton-ct brightview x xct precedence forte skylight axis irix anyscan trio sc
biograph mct vision horizon truepoint quadra somatom emotion sensation definition go.sim lightspeed gemini
ingenuity tf vereos celesteion umi brilliance aquilion
"""

STANDARD_WORDS: Final = frozenset(word for line in _STANDARD.split("\n") for word in line.split(",") if word)
"""Defined terms of the elements in `elements.CODED`."""
OWN_LABEL: Final = re.compile(r"CYCLE_\d{1,3}")
"""Content label of this program's segmentations."""
_MAKES: Final = frozenset(_MAKES_AND_MODELS.split())
_SHORT_NUMBER: Final = re.compile(r"(nm)?\d{1,3}", re.IGNORECASE)


def words_of_make(text: str) -> str:
    """What of a manufacturer or model is a known make or model, in its order; empty if nothing is."""
    return " ".join(
        word for word in text.split() if word.lower().strip(",.()") in _MAKES or _SHORT_NUMBER.fullmatch(word)
    )
