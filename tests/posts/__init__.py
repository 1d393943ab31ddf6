"""Announcements and knowledge pages, and whom they reach."""
