"""What the tests would notice: small faults made in kinetics, dose and planning, one at a time, and who catches them.

`python -m tests.fault_study` lists, runs and publishes the study; `faults` makes the faults from the syntax tree and a
seed, `choice` draws them, `reach` finds the tests that reach each line, `trial` applies one fault in a copy of the
program and runs those tests, `courses` compares the program with the second opinion, `record` keeps and prints what
was found.
"""
