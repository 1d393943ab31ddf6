"""My requests: what people have asked for, and what became of it."""
