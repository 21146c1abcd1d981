"""What the configuration has to know of each provider. Every command reads it, so nothing here speaks to a network."""
