"""Clocks of promises: how much time is left for a task, on its page, in lists and on boards."""
