"""Find people and check their passwords."""
