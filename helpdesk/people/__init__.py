"""The directory: who people are and how they prove it."""
