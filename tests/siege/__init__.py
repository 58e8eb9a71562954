"""The running program under attack: `make siege` prints what hostile exchanges, clients and files cost the others."""
