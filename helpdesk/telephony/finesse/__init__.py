"""Use Cisco Finesse as the phone system, over its REST interface."""
