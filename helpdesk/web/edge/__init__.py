"""What stands around all handlers: headers and log, compression, ETags, static files, readiness, old addresses."""
