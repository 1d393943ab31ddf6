"""People of the administration: who has an account, what each may do, and how each gets in."""
