"""What limited resolution does to the activity in a VOI, and how it is undone."""
