"""Views that show values and report gestures; they know neither the document nor any computation."""
