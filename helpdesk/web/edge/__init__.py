"""Surround all handlers: headers and log, compression, ETags, static files, readiness, old addresses."""
