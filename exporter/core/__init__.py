"""What all rooms speak: errors, values, secrets, settings, wording and the machine's clocks and threads."""
