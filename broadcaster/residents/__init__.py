"""What residents do themselves: join, leave and ask, by a text to one of our numbers."""
