"""Deliver notifications to people."""
