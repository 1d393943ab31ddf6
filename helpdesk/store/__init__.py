"""Our own data: tables, the database, and the questions asked of it. Knows nobody else of ours."""
