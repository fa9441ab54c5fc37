"""Changes of whose images they are, and of what they say they are."""

from __future__ import annotations

import random

from pydicom.dataset import Dataset

from tests.header_changes.change import (
    SCANS,
    HeaderChange,
    Rules,
    ct_of,
    everything,
    one_scan_or_all,
    set_to,
    spect_of,
    vois,
)

RULES = Rules()


@RULES.add
def patient(rng: random.Random) -> HeaderChange:
    value = rng.choice(("P-2", "p-1", "P-1 2", "P1", "007"))
    files = rng.choice((spect_of(one_scan_or_all(rng)), ct_of(one_scan_or_all(rng)), vois, everything))
    return HeaderChange("PatientID", value, "counts", files, set_to("PatientID", value), None)


@RULES.add
def name_sex_or_birth_date_in_some_files(rng: random.Random) -> HeaderChange:
    keyword, value = rng.choice(
        (("PatientName", "Other^Person"), ("PatientSex", "M"), ("PatientBirthDate", "19800101"))
    )
    files = rng.choice((spect_of(rng.randrange(SCANS)), ct_of(rng.randrange(SCANS))))
    return HeaderChange(keyword, value, "counts", files, set_to(keyword, value), None)


@RULES.add
def frame_of_reference(rng: random.Random) -> HeaderChange:
    files = rng.choice((spect_of(rng.randrange(SCANS)), ct_of(rng.randrange(SCANS)), ct_of(0)))
    return HeaderChange(
        "FrameOfReferenceUID", "another", "counts", files, set_to("FrameOfReferenceUID", "1.2.3.4"), None
    )


@RULES.add
def frame_of_reference_of_the_vois(rng: random.Random) -> HeaderChange:
    def edit(name: str, dataset: Dataset) -> None:
        dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = "1.2.3.4"
        for item in dataset.StructureSetROISequence:
            item.ReferencedFrameOfReferenceUID = "1.2.3.4"

    return HeaderChange("ReferencedFrameOfReferenceUID", "another", "counts", vois, edit, None)


@RULES.add
def kind_of_image(rng: random.Random) -> HeaderChange:
    kind = rng.choice(("TOMO", "STATIC", "WHOLE BODY", "GATED TOMO", "RECON GATED TOMO", "DYNAMIC"))
    value = ["ORIGINAL", "PRIMARY", kind, "EMISSION"]
    return HeaderChange("ImageType", kind, "counts", spect_of(one_scan_or_all(rng)), set_to("ImageType", value), None)


@RULES.add
def harmless_descriptions(rng: random.Random) -> HeaderChange:
    keyword, value = rng.choice(
        (
            *(("SeriesDescription", "Żółć"), ("StationName", "X"), ("InstitutionName", "Y"), ("AccessionNumber", "9")),
            *(("SeriesNumber", 77), ("StudyDescription", "z"), ("ProtocolName", "q"), ("WindowCenter", 1)),
        )
    )
    return HeaderChange(keyword, f"{value}", "counts", spect_of(one_scan_or_all(rng)), set_to(keyword, value))
