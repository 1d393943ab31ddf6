"""Colleagues: finding them, and whom a comment can mention."""
