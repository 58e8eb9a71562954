"""ccxt itself, against exchanges on loopback: `make ccxt`, in an environment of its own."""
