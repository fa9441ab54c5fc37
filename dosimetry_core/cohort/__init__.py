"""Many courses together: what was given, what it did, in tables a department can publish."""
