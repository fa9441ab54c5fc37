"""Which DICOM elements go into a de-identified object: those that are listed here, everything else stays behind.

The basic application level confidentiality profile (PS3.15 annex E) names elements to remove; naming those to keep also
stops private elements, free texts and whatever a scanner puts where nobody expects it. Options: retain longitudinal
temporal information with modified dates, retain patient characteristics.
"""

from __future__ import annotations

from typing import Final

INSTANCE_UIDS: Final = frozenset(
    [
        "SOPInstanceUID",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "FrameOfReferenceUID",
        "ReferencedSOPInstanceUID",
        "ReferencedFrameOfReferenceUID",
        "DimensionOrganizationUID",
        "ConcatenationUID",
        "SynchronizationFrameOfReferenceUID",
    ]
)
"""Replaced by others, the same for the same."""

CLASS_UIDS: Final = frozenset(["SOPClassUID", "ReferencedSOPClassUID"])
"""Kept, as the standard defines their values."""

DATES: Final = frozenset(
    [
        "StudyDate",
        "SeriesDate",
        "AcquisitionDate",
        "ContentDate",
        "StructureSetDate",
        "AcquisitionDateTime",
        "RadiopharmaceuticalStartDateTime",
        "RadiopharmaceuticalStopDateTime",
        "DecayCorrectionDateTime",
        "FrameAcquisitionDateTime",
        "FrameReferenceDateTime",
    ]
)
"""Moved by one number of days."""

TIMES: Final = frozenset(
    [
        "StudyTime",
        "SeriesTime",
        "AcquisitionTime",
        "ContentTime",
        "StructureSetTime",
        "RadiopharmaceuticalStartTime",
        "RadiopharmaceuticalStopTime",
    ]
)
"""Kept: times of day with moved dates keep every interval."""

CODED: Final = frozenset(
    [
        "Modality",
        "ImageType",
        "CorrectedImage",
        "Units",
        "DecayCorrection",
        "DecayCorrected",
        "AttenuationCorrected",
        "ScatterCorrected",
        "DeadTimeCorrected",
        "RandomsCorrected",
        "SeriesType",
        "PhotometricInterpretation",
        "PatientPosition",
        "PatientSex",
        "ContourGeometricType",
        "SegmentationType",
        "SegmentationFractionalType",
        "SegmentsOverlap",
        "LossyImageCompression",
        "ROIGenerationAlgorithm",
        "RTROIInterpretedType",
        "SegmentAlgorithmType",
        "FrameOfReferenceTransformationMatrixType",
        "RotationDirection",
        "TypeOfDetectorMotion",
        "CountsSource",
        "PixelPresentation",
        "VolumetricProperties",
        "VolumeBasedCalculationTechnique",
        "ComplexImageComponent",
        "AcquisitionContrast",
        "FrameType",
        "RescaleType",
        "DimensionOrganizationType",
        "ContentLabel",
        "ApprovalStatus",
    ]
)
"""Words of the standard, as far as `words.STANDARD_WORDS` lists them."""

NUMBERS: Final = frozenset(
    [
        "PatientWeight",
        "PatientSize",
        "SliceThickness",
        "KVP",
        "EnergyWindowLowerLimit",
        "EnergyWindowUpperLimit",
        "RadionuclideHalfLife",
        "RadionuclideTotalDose",
        "RadionuclidePositronFraction",
        "GantryDetectorTilt",
        "AngularStep",
        "ScanArc",
        "StartAngle",
        "ActualFrameDuration",
        "FrameTime",
        "FrameReferenceTime",
        "SpacingBetweenSlices",
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "SliceLocation",
        "PixelSpacing",
        "RescaleIntercept",
        "RescaleSlope",
        "DecayFactor",
        "DoseCalibrationFactor",
        "WindowCenter",
        "WindowWidth",
        "NumberOfFrames",
        "NumberOfFramesInRotation",
        "NumberOfDetectors",
        "NumberOfRotations",
        "NumberOfSlices",
        "NumberOfEnergyWindows",
        "NumberOfTimeSlices",
        "InstanceNumber",
        "SeriesNumber",
        "AcquisitionNumber",
        "NumberOfContourPoints",
        "ContourData",
        "ROINumber",
        "ReferencedROINumber",
        "ReferencedFrameNumber",
        "ObservationNumber",
        "ROIDisplayColor",
        "FrameOfReferenceTransformationMatrix",
        "Rows",
        "Columns",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
        "SamplesPerPixel",
        "PlanarConfiguration",
        "PixelPaddingValue",
        "EnergyWindowVector",
        "DetectorVector",
        "RotationVector",
        "SliceVector",
        "TimeSliceVector",
        "SegmentNumber",
        "ReferencedSegmentNumber",
        "DimensionIndexValues",
        "MaximumFractionalValue",
        "FrameAcquisitionDuration",
        "RealWorldValueIntercept",
        "RealWorldValueSlope",
        "RealWorldValueFirstValueMapped",
        "RealWorldValueLastValueMapped",
        "InConcatenationNumber",
        "TemporalPositionIndex",
        "InConcatenationTotalNumber",
        "FrameIncrementPointer",
        "DimensionIndexPointer",
        "FunctionalGroupPointer",
    ]
)
"""Read as numbers and written anew."""

PIXELS: Final = frozenset(("PixelData",))

SEQUENCES: Final = frozenset(
    [
        "RadiopharmaceuticalInformationSequence",
        "EnergyWindowInformationSequence",
        "EnergyWindowRangeSequence",
        "DetectorInformationSequence",
        "RotationInformationSequence",
        "PatientOrientationCodeSequence",
        "PatientOrientationModifierCodeSequence",
        "PatientGantryRelationshipCodeSequence",
        "SharedFunctionalGroupsSequence",
        "PerFrameFunctionalGroupsSequence",
        "FrameContentSequence",
        "PlanePositionSequence",
        "PlaneOrientationSequence",
        "PixelMeasuresSequence",
        "PixelValueTransformationSequence",
        "SegmentIdentificationSequence",
        "SegmentSequence",
        "SegmentedPropertyCategoryCodeSequence",
        "SegmentedPropertyTypeCodeSequence",
        "SegmentedPropertyTypeModifierCodeSequence",
        "RealWorldValueMappingSequence",
        "MeasurementUnitsCodeSequence",
        "StructureSetROISequence",
        "ROIContourSequence",
        "ContourSequence",
        "ContourImageSequence",
        "RTROIObservationsSequence",
        "ReferencedFrameOfReferenceSequence",
        "RTReferencedStudySequence",
        "RTReferencedSeriesSequence",
        "ReferencedSeriesSequence",
        "ReferencedInstanceSequence",
        "RegistrationSequence",
        "MatrixRegistrationSequence",
        "MatrixSequence",
        "DimensionOrganizationSequence",
        "DimensionIndexSequence",
        "DerivationImageSequence",
        "SourceImageSequence",
        "FrameVOILUTSequence",
        "CTPixelDetailsSequence",
        "UnassignedSharedConvertedAttributesSequence",
        "UnassignedPerFrameConvertedAttributesSequence",
    ]
)
"""Kept, each item by the same rules."""

CODE_SCHEMES: Final = frozenset(("DCM", "SCT", "SRT", "SNM3", "UCUM"))
MAKER: Final = frozenset(("Manufacturer", "ManufacturerModelName"))
"""The camera's make, without which a calibration means nothing; known makes and models only."""

VOI_NAMES: Final = frozenset(("ROIName", "SegmentLabel"))

EMPTY: Final = frozenset(
    [
        "PatientBirthDate",
        "ReferringPhysicianName",
        "AccessionNumber",
        "StudyID",
        "PositionReferenceIndicator",
        "OperatorsName",
        "ROIInterpreter",
        "ContentCreatorName",
        "Laterality",
    ]
)
"""Elements that the standard wants to be there, without a value."""
