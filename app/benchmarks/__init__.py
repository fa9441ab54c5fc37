"""`lutetia bench`: how fast the program is on this machine, beside named alternatives measured in the same run."""
