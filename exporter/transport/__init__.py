"""From a reader's request to the answer: limits, the exchange's time, one GET, JSON, repeats."""
