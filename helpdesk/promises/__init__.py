"""Promises of time: working hours, clocks of tasks, warnings."""
