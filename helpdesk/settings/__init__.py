"""Read settings: their table, their sources and their parsers."""
