"""What brings pending deliveries to their channels: one lane for each provider account."""
