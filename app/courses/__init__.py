"""Courses in the window: the list, who is working, opening, keeping, closing."""
