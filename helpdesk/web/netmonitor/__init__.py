"""The network monitor: hosts, their history, incidents and windows of maintenance."""
