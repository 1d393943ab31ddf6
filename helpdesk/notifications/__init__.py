"""Notify people of events: feed → recipients → store → channels."""
