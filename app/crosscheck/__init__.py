"""Doses and activities of other systems beside this program's: what is read, compared, shown and written."""
