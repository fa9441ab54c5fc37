"""Doses, activities and dose maps of other systems, held against this program's own."""
