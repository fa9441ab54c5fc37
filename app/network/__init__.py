"""The department's archive: DICOM nodes that objects are asked from and sent to. Nothing here runs by itself."""
