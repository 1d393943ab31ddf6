"""Store the embedded backend's rows, and query them."""
