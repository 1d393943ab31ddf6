"""Pages of quality control."""
