"""Assessments of a task: who may assess it, and whose work it was."""
