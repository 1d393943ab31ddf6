"""Announcements and knowledge pages."""
