"""Every fault on every exchange, against the running exporter in virtual time."""
