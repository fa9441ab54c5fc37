"""Calibration of cameras: profiles that are kept, measurements of phantoms, and the window for both."""
