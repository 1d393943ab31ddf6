"""The administration: what is healthy, who may do what, and who did what."""
