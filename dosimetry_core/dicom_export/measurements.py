"""Volumes, activities and doses of VOIs as a measurement report (PS3.16, template 1500)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from highdicom import sr
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from dosimetry_core.dicom_export.objects import NOTICE, ExportFacts, described
from dosimetry_core.dicom_export.parametric_map import PRIVATE_SCHEME, of_this_export
from dosimetry_core.dicom_export.voi_codes import anatomy_of
from dosimetry_core.results import DoseValue, VoiResult
from dosimetry_core.units import GRAM, HOUR, MEGABECQUEREL_HOUR
from dosimetry_core.version import SOFTWARE_NAME, SOFTWARE_VERSION

_ENGLISH: Final = CodedConcept("en-GB", "RFC5646", "English (United Kingdom)")
_PROCEDURE: Final = Code("440252007", "SCT", "Administration of radiopharmaceutical")
_TITLE: Final = Code("126000", "DCM", "Imaging Measurement Report")
_VOLUME: Final = Code("118565006", "SCT", "Volume")
_MASS: Final = Code("118538004", "SCT", "Mass")
_MEAN_DOSE: Final = Code("128533", "DCM", "Mean Absorbed Radiation Dose")
_ML, _GRAM = Code("mL", "UCUM", "mL"), Code("g", "UCUM", "g")
_GRAY, _HOUR = Code("Gy", "UCUM", "Gy"), Code("h", "UCUM", "h")
_MBQ_HOUR: Final = Code("MBq.h", "UCUM", "MBq.h")
_CODE_LENGTH = 16


def measurement_report(
    facts: ExportFacts, segmentation: Dataset, vois: Mapping[str, VoiResult], *, person: str
) -> Dataset:
    """Measurement report of the VOIs that a segmentation holds, each measurement beside its segment.

    Parameters
    ----------
    segmentation
        As exported; VOIs are found by segment label.
    vois
        Name → results.
    person
        Who is answerable for the measurements; empty where nobody has signed.
    """
    groups = [
        _group(segmentation, segment, vois[segment.SegmentLabel], facts)
        for segment in segmentation.SegmentSequence
        if segment.SegmentLabel in vois
    ]
    report = sr.MeasurementReport(
        observation_context=_observers(facts, person),
        procedure_reported=_PROCEDURE,
        imaging_measurements=groups,
        title=_TITLE,
        language_of_content_item_and_descendants=sr.LanguageOfContentItemAndDescendants(_ENGLISH),
    )
    found = sr.Comprehensive3DSR(
        evidence=[segmentation],
        content=report[0],
        series_instance_uid=facts.uid("SR", "series"),
        series_number=7060,
        sop_instance_uid=facts.uid("SR", "instance"),
        instance_number=1,
        manufacturer=SOFTWARE_NAME,
        is_complete=True,
        is_final=False,
        is_verified=False,
        series_description=described("Dosimetry measurements"),
    )
    found.ManufacturerModelName = SOFTWARE_NAME
    found.SoftwareVersions = SOFTWARE_VERSION
    found.CompletionFlagDescription = NOTICE
    return of_this_export(found, facts, "SR")


def _observers(facts: ExportFacts, person: str) -> sr.ObservationContext:
    device = sr.ObserverContext(
        observer_type=CodedConcept("121007", "DCM", "Device"),
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=facts.uid("device"), name=SOFTWARE_NAME, manufacturer_name=SOFTWARE_NAME, model_name=SOFTWARE_VERSION
        ),
    )
    if not person:
        return sr.ObservationContext(observer_device_context=device)
    human = sr.ObserverContext(
        observer_type=CodedConcept("121006", "DCM", "Person"),
        observer_identifying_attributes=sr.PersonObserverIdentifyingAttributes(name=person),
    )
    return sr.ObservationContext(observer_person_context=human, observer_device_context=device)


def _group(
    segmentation: Dataset, segment: Dataset, voi: VoiResult, facts: ExportFacts
) -> sr.VolumetricROIMeasurementsAndQualitativeEvaluations:
    category, kind = anatomy_of(voi.role)
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=facts.uid("VOI", voi.voi.name), identifier=str(segment.SegmentLabel)
        ),
        referenced_segment=sr.ReferencedSegment(
            sop_class_uid=segmentation.SOPClassUID,
            sop_instance_uid=segmentation.SOPInstanceUID,
            segment_number=int(segment.SegmentNumber),
            source_series=sr.SourceSeriesForSegmentation(facts.beside.series_uid),
        ),
        finding_category=_concept(category),
        finding_type=_concept(kind),
        finding_sites=_sites(kind),
        measurements=_measurements(voi),
    )


def _sites(kind: Dataset) -> list[sr.FindingSite]:
    """The organ with its side, where it has one."""
    sides = kind.get("SegmentedPropertyTypeModifierCodeSequence", ())
    return [sr.FindingSite(_concept(kind), laterality=_concept(side)) for side in sides]


def _concept(item: Dataset) -> Code:
    return Code(item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning)


def _measurements(voi: VoiResult) -> list[sr.Measurement]:
    found = [sr.Measurement(name=_VOLUME, value=voi.volume_ml, unit=_ML)]
    if voi.mass_kg is not None:
        found.append(sr.Measurement(name=_MASS, value=GRAM.from_core(voi.mass_kg), unit=_GRAM))
    for nuclide, fit in voi.fits.items():
        value = MEGABECQUEREL_HOUR.from_core(fit.time_integrated_activity_bq_s)
        name = _of(nuclide, "TIA", "Time-integrated activity")
        found.append(sr.Measurement(name=name, value=value, unit=_MBQ_HOUR))
        if fit.effective_half_life_s is not None:
            name = _of(nuclide, "EHL", "Effective half-life")
            found.append(sr.Measurement(name=name, value=HOUR.from_core(fit.effective_half_life_s), unit=_HOUR))
    if voi.total is not None:
        found.append(sr.Measurement(name=_MEAN_DOSE, value=voi.total.absorbed_dose_gy, unit=_GRAY))
        found += _uncertainty("total", voi.total)
    for nuclide, dose in voi.doses.items():
        name = _of(nuclide, "AD", "Mean absorbed dose")
        found.append(sr.Measurement(name=name, value=dose.absorbed_dose_gy, unit=_GRAY))
        found += _uncertainty(nuclide, dose)
    return found


def _uncertainty(nuclide: str, dose: DoseValue) -> list[sr.Measurement]:
    if dose.standard_uncertainty_gy is None:
        return []
    name = _of(nuclide, "U-AD", "Standard uncertainty of mean absorbed dose")
    return [sr.Measurement(name=name, value=dose.standard_uncertainty_gy, unit=_GRAY)]


def _of(nuclide: str, short: str, meaning: str) -> Code:
    return Code(f"{short}-{nuclide}"[:_CODE_LENGTH], PRIVATE_SCHEME, f"{meaning}, {nuclide}")
