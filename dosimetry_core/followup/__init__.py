"""Follow-up of the patient: receptor imaging."""
