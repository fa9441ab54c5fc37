"""Follow-up of the open course: samples and laboratory entered, response, receptor imaging, adverse events."""
