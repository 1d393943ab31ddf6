"""Show the log of calls: the calls of a day, one call with its note and its task, and the export."""
