"""The demonstration patient: real DICOM of a virtual patient with known kinetics, and the true doses."""

from dosimetry_core.virtual_patient.demonstration import write_demonstration

__all__ = ["write_demonstration"]
