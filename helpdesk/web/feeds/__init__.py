"""Tell feed readers of announcements, which have no session."""
