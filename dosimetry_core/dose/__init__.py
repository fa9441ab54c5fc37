"""Absorbed dose: S values, organs, spheres, red marrow, radiobiology."""
