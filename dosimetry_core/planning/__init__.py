"""Planning of the next cycle: protocols as data, predictors, the solver, the probability of exceeding a limit."""
