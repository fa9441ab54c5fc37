"""Reads files of others in a child process, so that a hostile or broken one can't hurt the program."""
