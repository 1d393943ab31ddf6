"""Requests: tasks as those who asked for help see them."""
