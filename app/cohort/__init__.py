"""All courses of the store together: their records, kept and computed again on every core, tables and pictures."""
