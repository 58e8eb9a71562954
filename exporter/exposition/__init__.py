"""What is known, as Prometheus reads it; the only room that knows a metric name."""
