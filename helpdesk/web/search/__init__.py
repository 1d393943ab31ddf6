"""Find anything by words: tasks, pages and commands; and the list of keys."""
