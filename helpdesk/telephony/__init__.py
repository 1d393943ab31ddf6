"""Handle calls of dispatchers: the phone system, its agents, the log of calls."""
