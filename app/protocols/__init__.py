"""Protocols of the clinic: kept in the data folder, checked, edited in the window and listed on the command line."""
