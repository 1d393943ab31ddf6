"""The way from a task to the next one of a list."""
