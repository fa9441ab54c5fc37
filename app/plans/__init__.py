"""From results to a signed plan and back: document, signatures, verification."""
