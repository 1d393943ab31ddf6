"""What records of the audit are about, in words."""
