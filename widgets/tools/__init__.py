"""Tools: each turns mouse events on a slice into one finished gesture value."""
