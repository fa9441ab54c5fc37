"""DICOM files in: image series, time points and volumes of interest, each checked before a number leaves."""
