"""The simulated exchanges, one file each; each checks signatures by code of its own."""
