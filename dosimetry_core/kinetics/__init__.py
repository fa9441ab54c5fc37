"""Time–activity curves: measured points, models, fits and time-integrated activities."""
