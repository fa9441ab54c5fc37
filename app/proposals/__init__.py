"""Proposed VOIs: taken into a case, written to files, and made by TotalSegmentator where it is installed."""
