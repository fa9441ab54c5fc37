"""Where courses are kept: objects by digest, one chain of events, locks. Knows nothing of the window."""
