"""Bring calls and tasks together: the calls beside a task, and new tasks from calls. The pages of tasks show nothing of
it to people who neither handle nor supervise calls."""
