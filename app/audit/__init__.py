"""The audit trail: read, filtered, checked, shown, printed."""
