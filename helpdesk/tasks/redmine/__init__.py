"""Redmine as the keeper of tasks."""
