"""DICOM objects filed beside the images: VOIs, doses, registrations, measurements, the signed plan."""
