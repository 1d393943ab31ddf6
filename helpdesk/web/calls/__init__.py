"""Show the call desk: the phone's bar on the pages of agents, calls, the team; and its addresses for programs."""
