"""ccxt itself, against exchanges on loopback: `make ccxt-test`, in an environment of its own."""
