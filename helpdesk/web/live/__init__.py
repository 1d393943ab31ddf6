"""Send live updates to open pages and programs, over server-sent events."""
