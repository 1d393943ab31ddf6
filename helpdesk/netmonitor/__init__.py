"""Watch hosts of the network: probe them, keep what was measured, and open incidents."""
