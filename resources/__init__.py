"""Data only: tables, protocols, schemas, templates, fonts and documents; read through `dosimetry_core.data_tables`."""
