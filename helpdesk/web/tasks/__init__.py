"""One task: its page, edits, comments and JSON."""
