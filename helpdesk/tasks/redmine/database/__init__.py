"""Redmine's own database, read and never written: what a page shows in milliseconds, by Redmine's own rules."""
