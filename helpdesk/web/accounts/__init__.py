"""Sign-in, sign-out and registration."""
