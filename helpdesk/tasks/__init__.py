"""The tracker: tasks, whoever keeps them."""
