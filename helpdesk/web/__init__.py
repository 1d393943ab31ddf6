"""The edge: addresses, sessions, pages, fragments and JSON. Nothing outside knows HTTP."""
