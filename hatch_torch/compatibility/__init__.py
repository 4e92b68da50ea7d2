"""Which backends run on which hardware, and in which order they are preferred."""
