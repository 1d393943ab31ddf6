"""Redmine's REST API: every write, and reading where there is no SQL."""
