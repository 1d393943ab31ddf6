"""What stands around all handlers: headers and log, compression, ETags, health, old addresses, shutdown."""
