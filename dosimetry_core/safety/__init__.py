"""Safety of the patient: laboratory values, CTCAE grades, entry and stop rules, kidney function, performance status."""
