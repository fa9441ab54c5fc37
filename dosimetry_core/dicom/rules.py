"""The rules that files are read by: each named, with what it demands and what to do when it is broken.

A broken rule is an error with the rule's name (the file or series is refused) or, for objects that are no images of
use, a remark. Doubts that don't stop anything are findings, listed in findings.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Rule:
    """One rule of the readers.

    Parameters
    ----------
    demands
        What a file or series must fulfil, in a sentence without its subject.
    remedy
        What to do when it doesn't.
    """

    name: str
    demands: str
    remedy: str


_EXPORT = "Export the series again from the scanner or the archive."
_COMPLETE = "Export the complete series again."
_COPY = "Copy or export the file again."
_OUT = "Take it out of the folder, or name the files of the patient."
_ASK = (
    "Look up in the reconstruction to what the values are corrected, and say it as `image_decay_reference` under "
    "`[cycle.calibration]`."
)
_RULES: Final = (
    # --- files
    Rule("path-missing", "is there under the path that is named.", "Check the path."),
    Rule("folder-empty", "holds at least one file, if it is a folder.", "Name another folder."),
    Rule("folder-too-full", "holds at most 100 000 files, if it is a folder.", "Name the folder of one patient."),
    Rule("folder-too-deep", "lies at most 40 folders deep.", "Name a folder nearer to it."),
    Rule("link-out-of-folder", "is no link that leads out of its folder.", "Copy the file into the folder."),
    Rule("not-a-file", "is a regular file, no pipe, socket or device.", "Remove it or name other files."),
    Rule("file-unreadable", "can be read.", "Check the file and its permissions."),
    Rule("file-empty", "is not empty.", _COPY),
    Rule(
        "file-too-large",
        "is not larger than 2 GiB, or than the site configuration says.",
        "Remove it or name other files.",
    ),
    Rule("not-dicom", "is DICOM (has its mark after 128 bytes).", _OUT),
    Rule("file-damaged", "can be parsed from end to end.", _COPY),
    Rule("file-truncated", "has a SOP class, and pixel data if it is an image.", _COPY),
    Rule("transfer-syntax-missing", "says in which transfer syntax it is written.", _COPY),
    Rule("nested-too-deep", "nests sequences at most 16 deep.", "Take it out of the folder."),
    Rule("inflated-too-large", "inflates to at most 512 MiB, if it is deflated.", "Export it uncompressed."),
    Rule(
        "element-unreadable", "has readable values of the right number and kind in the elements that are used.", _EXPORT
    ),
    Rule("element-missing", "has the elements that its kind of object needs.", _EXPORT),
    Rule("identity-missing", "has the identifiers (UIDs) of study, series and object.", _EXPORT),
    Rule("object-twice", "is the only content under its SOP Instance UID.", "Keep the right one."),
    Rule("patients-mixed", "is of the same patient ID as the other files.", "Keep one patient's files in the folder."),
    # --- pixels
    Rule("frame-size", "announces at least one frame, row and column.", _EXPORT),
    Rule("pixel-count", "holds exactly the bytes of pixels that it announces.", _COPY),
    Rule("pixels-too-large", "announces at most 2 GiB of pixels.", "Take it out of the folder."),
    Rule("colour-image", "is a grey-scale image.", "Take it out of the folder."),
    Rule(
        "lossy-compression",
        "was never compressed with loss, if its values are activities or counts.",
        "Export the original image.",
    ),
    Rule(
        "compression-unknown", "is uncompressed, deflated, RLE, JPEG, JPEG-LS or JPEG 2000.", "Export it uncompressed."
    ),
    Rule("compressed-pixels-damaged", "has compressed frames of the number and size that it announces.", _COPY),
    Rule("bits-unusable", "has 8, 16 or 32 bits allocated, and at most as many stored.", _EXPORT),
    Rule("bits-beyond-stored", "uses no bits beyond those that it says are stored.", _EXPORT),
    # --- geometry
    Rule("pixel-spacing-missing", "states its pixel spacing.", "Export it with its geometry."),
    Rule("pixel-spacing-not-positive", "has a positive pixel spacing.", _EXPORT),
    Rule(
        "length-implausible",
        "has voxels smaller than a metre, within a kilometre of the origin of its coordinates.",
        _EXPORT,
    ),
    Rule(
        "image-position-missing",
        "states the position of its first voxel, at the top level or in the detector information.",
        "Export it with its geometry, or say `image_position_mm` under `[cycle.calibration]`.",
    ),
    Rule(
        "image-orientation-missing",
        "states its orientation, at the top level or in the detector information.",
        "Export it with its geometry.",
    ),
    Rule("placed-twice", "states one position and one orientation wherever it states them.", _EXPORT),
    Rule("axes-skewed", "has two perpendicular unit vectors as its orientation.", _EXPORT),
    Rule("frame-of-reference-missing", "names its frame of reference.", "Export it with its frame of reference."),
    Rule(
        "slice-spacing-missing",
        "states the distance of its slices, or at least their thickness.",
        "Export it with its geometry.",
    ),
    Rule("slice-spacing-zero", "has slices at a distance from each other.", _EXPORT),
    Rule("slice-vector", "counts its slices upwards from 1.", _EXPORT),
    Rule(
        "several-volumes",
        "holds one volume: one energy window, phase, time slot and stack.",
        "Export one reconstructed volume per file.",
    ),
    Rule("frames-and-slices", "has as many frames as slices.", "Export one reconstructed volume per file."),
    Rule("single-slice", "has two slices or more.", _COMPLETE),
    Rule("slices-oriented-differently", "has slices of one orientation.", _COMPLETE),
    Rule("pixel-sizes-differ", "has slices of one pixel size.", _COMPLETE),
    Rule("slices-at-one-place", "has no two different slices at one place.", "Keep one of them."),
    Rule(
        "gantry-tilt",
        "has slices one behind the other, not sheared by a tilted gantry.",
        "Reconstruct or resample it without gantry tilt.",
    ),
    Rule("slices-shifted", "has slices that are not shifted in their plane.", _COMPLETE),
    Rule("slice-missing", "has no gap of one or more slices.", _COMPLETE),
    Rule("slices-uneven", "has evenly spaced slices.", _COMPLETE),
    Rule(
        "slices-disagree",
        "says the same of study, frame of reference, unit, corrections, matrix and modality in every slice.",
        _COMPLETE,
    ),
    Rule("slice-count", "has as many slices as it announces.", _COMPLETE),
    Rule("functional-groups-incomplete", "describes each frame, if it is an enhanced object.", _EXPORT),
    Rule("concatenation-incomplete", "is there with all files, if it was split into several.", "Copy all of them."),
    # --- values
    Rule(
        "units-missing",
        "says in which unit its values are.",
        "Export it with its unit, or say `image_quantity` under `[cycle.calibration]`.",
    ),
    Rule(
        "units-unusable",
        "is in Bq/mL, counts or counts/s.",
        "Export it in Bq/mL (BQML) or counts (CNTS).",
    ),
    Rule(
        "count-rate",
        "is not in counts/s, unless it is said that these are per clock second of all heads.",
        'Export it in counts or Bq/mL, or say `image_quantity = "counts_per_s"` under `[cycle.calibration]`.',
    ),
    Rule("rescale-slope-missing", "states the scale of its values.", "Export it with the scale of its values."),
    Rule("rescale-slope-not-positive", "has a positive scale.", _EXPORT),
    Rule("mapping-incomplete", "has a positive slope and an intercept in its real-world value mapping.", _EXPORT),
    Rule("several-mappings", "maps to Bq/mL in one way.", "Export it with one mapping."),
    Rule(
        "mapping-contradicts-rescale",
        "scales alike by rescaling and by real-world value mapping.",
        "Export it with one of them.",
    ),
    Rule("values-outside-mapping", "has no value outside the range of its real-world value mapping.", _EXPORT),
    Rule("image-empty", "holds counts.", _EXPORT),
    Rule(
        "dynamic-or-gated",
        "is neither a dynamic nor a gated series.",
        "Reconstruct one volume of the whole acquisition.",
    ),
    Rule("decay-reference-missing", "says to what its values in Bq/mL are decay-corrected.", _ASK),
    Rule(
        "decay-reference-unknown",
        "is decay-corrected to the start of the scan or of the administration, or not at all.",
        _ASK,
    ),
    Rule(
        "decay-reference-contradictory",
        "says the same of decay correction in Decay Correction and in Corrected Image.",
        _ASK,
    ),
    Rule(
        "decay-factor-contradictory",
        "has decay factors that fit its decay correction, its times and its nuclide.",
        _ASK,
    ),
    Rule(
        "counts-decay-corrected",
        "is not decay-corrected, if it is in counts or counts/s.",
        "Reconstruct it without decay correction.",
    ),
    Rule(
        "administration-time-missing",
        "states date and time of the administration, if it is corrected to it.",
        "Export it with them, or corrected to START; or, if it is the administration of the case file, say "
        "`image_decay_reference` under `[cycle.calibration]`.",
    ),
    # --- times and nuclide
    Rule(
        "acquisition-time-missing",
        "states when the acquisition began, with date and time; a CT may state those of its series instead.",
        "Export it with its acquisition date and time; the series time may be that of the reconstruction.",
    ),
    Rule("acquisition-times-contradict", "states one acquisition time.", "Export it again with one of them."),
    Rule("acquisition-spread", "has slices that were acquired within two hours.", "Export one series per acquisition."),
    Rule("time-unreadable", "writes dates and times as DICOM does.", _EXPORT),
    Rule("time-placeholder", "has dates after 1990.", _EXPORT),
    Rule("time-zone-unreadable", "writes its offset from UTC as DICOM does.", _EXPORT),
    Rule(
        "time-in-clock-change",
        "has times that the clock of the time zone showed exactly once.",
        "Export it with its offset from UTC, or correct the scanner's clock.",
    ),
    Rule("several-nuclides", "states one nuclide.", "Export one image per nuclide."),
    Rule(
        "half-life-contradicts-nuclide",
        "states the half-life of its nuclide.",
        "Correct nuclide or half-life at the scanner and reconstruct again.",
    ),
    Rule("frame-duration-not-positive", "has a positive duration and number of the frames of a rotation.", _EXPORT),
    Rule("rotations-differ", "has rotations of one frame duration.", "Export one image per rotation."),
    # --- beds
    Rule(
        "beds-off-grid",
        "has beds whose slices lie on one grid.",
        "Join the beds at the scanner, or reconstruct them on one grid.",
    ),
    Rule(
        "beds-nuclide-unknown",
        "states the nuclide, if it is one of several beds that were started one after the other.",
        "Export the beds with their nuclide, or join them at the scanner.",
    ),
    Rule(
        "beds-counting-time",
        "states the counting time of all of its beds, or of none.",
        "Export both with the rotation information, or join them at the scanner.",
    ),
    # --- what is no SPECT or CT
    Rule(
        "image-type-missing",
        "has an image type, if it is of nuclear medicine.",
        "Export it with its image type (RECON TOMO for reconstructed SPECT).",
    ),
    Rule("no-image-of-use", "is a CT, nuclear medicine or PET image, or holds VOIs.", "None: it is left out."),
    Rule("ct-localizer", "is no localizer.", "None: it is left out."),
    Rule("ct-reformat", "is across the patient, if it is a CT.", "Add the axial series, if it is not there."),
    Rule("pet-reprojection", "is no projection of a volume.", "Add the volume, if it is not there."),
    Rule("nm-transmission", "is no transmission image.", "None: it is left out."),
    Rule(
        "nm-not-reconstructed",
        "is a reconstructed tomogram (RECON TOMO), neither planar nor projections, if it is of nuclear medicine.",
        "Add the reconstruction, if it is not there.",
    ),
    Rule("other-nuclide", "is of a nuclide of the therapy.", "None: it is left out."),
    # --- VOIs
    Rule(
        "voi-frame-missing",
        "names its frame of reference, if it holds VOIs.",
        "Export it together with the image it was drawn on.",
    ),
    Rule(
        "voi-image-absent",
        "is there together with an image of its frame of reference, if it holds VOIs.",
        "Add the image it was drawn on.",
    ),
)

RULES: Final[Mapping[str, Rule]] = MappingProxyType({rule.name: rule for rule in _RULES})
"""All rules by name."""
OPEN_QUESTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "decay-reference-missing": "image_decay_reference",
        "decay-reference-unknown": "image_decay_reference",
        "decay-reference-contradictory": "image_decay_reference",
        "decay-factor-contradictory": "image_decay_reference",
        "administration-time-missing": "image_decay_reference",
        "units-missing": "image_quantity",
        "image-position-missing": "image_position_mm",
    }
)
"""Key of the case file that answers the question, by rule. A SPECT that breaks no other is then of use."""
