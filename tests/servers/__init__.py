"""Real servers for the tests: each is started in a private folder, on free loopback ports, and ended."""
