"""The start page: the work that waits, or one's own requests."""
