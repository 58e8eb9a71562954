"""What is known of each account and wallet, what of it is served, until when, and what it is worth."""
