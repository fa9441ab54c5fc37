"""A course for research, without its patient: written, computed anew, looked through, and listed file by file."""
