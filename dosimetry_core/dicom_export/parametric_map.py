"""Maps of a physical quantity in voxels as DICOM parametric maps of single-precision numbers."""

from __future__ import annotations

from typing import Final, NamedTuple

import highdicom
import numpy as np
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from dosimetry_core.dicom_export.dose import with_slices_along_normal
from dosimetry_core.dicom_export.objects import NOTICE, ExportFacts, date_of, described, new_object, time_of
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION
from dosimetry_core.volume import Volume

PRIVATE_SCHEME: Final = "99LUTETIA"
"""Designator of the codes of this program, for quantities that no standard code names."""


class MapQuantity(NamedTuple):
    """What a map holds: coded quantity and unit."""

    name: Code
    unit: Code


ABSORBED_DOSE: Final = MapQuantity(Code("128513", "DCM", "Absorbed Dose"), Code("Gy", "UCUM", "gray"))
TIME_INTEGRATED_ACTIVITY: Final = MapQuantity(
    Code("TIA", PRIVATE_SCHEME, "Time-integrated activity"), Code("Bq.s", "UCUM", "becquerel second")
)
_RCS: Final = "PATIENT"


def parametric_map(
    facts: ExportFacts, values: Volume, quantity: MapQuantity, *, what: str, number: int, label: str
) -> Dataset:
    """Parametric map of a volume in the frame of reference of ``facts.beside``.

    Parameters
    ----------
    what
        Tells this map from others of the export; also the series description.
    number
        Of the series.
    label
        Content label: capital letters, digits, underscores, at most 16.
    """
    volume = with_slices_along_normal(values)
    array = np.ascontiguousarray(volume.values, dtype=np.float32)
    if not np.isfinite(array).all():
        raise ValueError("a map must be finite")
    largest = float(array.max()) or 1.0
    mapping = highdicom.pm.RealWorldValueMapping(
        lut_label=label,
        lut_explanation=quantity.name.meaning,
        unit=quantity.unit,
        value_range=(float(array.min()), float(array.max())),
        slope=1.0,
        intercept=0.0,
        quantity_definition=quantity.name,
    )
    found = highdicom.pm.ParametricMap(
        source_images=[_source(facts)],
        pixel_array=highdicom.Volume(
            array,
            volume.geometry.index_to_point_matrix,
            coordinate_system=_RCS,
            frame_of_reference_uid=facts.beside.frame_of_reference_uid,
        ),
        series_instance_uid=facts.uid("PM", what, "series"),
        series_number=number,
        sop_instance_uid=facts.uid("PM", what, "instance"),
        instance_number=1,
        manufacturer=SOFTWARE_NAME,
        manufacturer_model_name=SOFTWARE_NAME,
        software_versions=SOFTWARE_VERSION,
        device_serial_number="none",
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[highdicom.VOILUTTransformation(window_center=largest / 2, window_width=largest)],
        content_description=NOTICE,
        content_label=label,
        series_description=described(what),
    )
    # Whether a side is meant is not known for the whole body (type 2C).
    found.Laterality = ""
    return of_this_export(found, facts, what)


def _source(facts: ExportFacts) -> Dataset:
    """The series that the map lies beside, as far as its own modules are asked for."""
    grid = facts.beside.volume.geometry
    source = new_object(facts, facts.beside.sop_class_uid, "CT", kind="source", number=1, description="")
    source.SOPInstanceUID = facts.origin.instance_uids[0]
    source.SeriesInstanceUID = facts.beside.series_uid
    source.FrameOfReferenceUID = facts.beside.frame_of_reference_uid
    source.PositionReferenceIndicator = facts.origin.position_reference
    source.ImagePositionPatient = [float(v) for v in grid.origin_mm]
    source.ImageOrientationPatient = [float(v) for v in (*grid.directions[:, 2], *grid.directions[:, 1])]
    source.PixelSpacing = [grid.spacing_mm[1], grid.spacing_mm[2]]
    source.SliceThickness = grid.spacing_mm[0]
    source.Rows, source.Columns = grid.shape[1:]
    return source


def of_this_export(dataset: Dataset, facts: ExportFacts, what: str) -> Dataset:
    """Times and identifiers of the export in place of those that the library made up at this moment."""
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for name in ("InstanceCreation", "Content", "Series"):
        setattr(dataset, f"{name}Date", date_of(facts.made_at))
        setattr(dataset, f"{name}Time", time_of(facts.made_at))
    dataset.TimezoneOffsetFromUTC = f"{facts.made_at:%z}"
    for equipment in dataset.get("ContributingEquipmentSequence", ()):
        if "ContributionDateTime" in equipment:
            equipment.ContributionDateTime = f"{facts.made_at:%Y%m%d%H%M%S.%f%z}"
    organisation = facts.uid(what, "dimensions")
    for item in (*dataset.get("DimensionOrganizationSequence", ()), *dataset.get("DimensionIndexSequence", ())):
        item.DimensionOrganizationUID = organisation
    return dataset
