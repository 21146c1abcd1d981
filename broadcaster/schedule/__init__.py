"""Messages that are sent later, or again and again: what people mean by a time, when that is, and who sees to it."""
