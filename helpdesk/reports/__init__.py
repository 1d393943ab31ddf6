"""Reports: what was created, closed and left open, by what tasks are, and how long they took."""
