"""The pages and metrics as a client asks for them."""
