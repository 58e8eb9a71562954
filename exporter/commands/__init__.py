"""The subcommands; each is imported only when it runs."""
