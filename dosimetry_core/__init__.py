"""The science of Lutetia: plain Python and NumPy, usable from a script, without any window."""
