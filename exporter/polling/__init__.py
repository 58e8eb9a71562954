"""When each account is polled, what one poll reads, and when the next try comes."""
