"""Notify people of announcements."""
