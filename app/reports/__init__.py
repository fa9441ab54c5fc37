"""The report and the tables of results: made from an evaluation, for the window and the command line."""
