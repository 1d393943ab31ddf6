"""Mail that people write: from a task, and to many people at once."""
