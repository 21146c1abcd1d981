"""What is on disk: the only place that knows SQL."""
