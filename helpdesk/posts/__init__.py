"""Tell people of announcements."""
