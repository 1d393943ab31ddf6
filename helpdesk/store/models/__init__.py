"""Define the tables of our store, a file for each subject."""
