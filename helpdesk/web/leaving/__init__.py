"""Absence, handing over one's tasks, and leaving the company."""
