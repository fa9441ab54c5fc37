"""What keeps an installation well: data folder, site configuration, backup, check, logs, and their commands."""
