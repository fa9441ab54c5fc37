"""Numbers of the released program, kept so that no change of the code moves one unnoticed.

They are the program's own and tell that a number changed, not that it is right: that is what closed forms, published
values, Monte Carlo and the second opinion are for. `python -m tests.kept_results` writes them anew after a change that
is meant to move numbers, which CHANGELOG then says under Numbers.
"""
