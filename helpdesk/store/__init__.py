"""Store our own data: tables, the database and its queries. It imports no other subject of ours."""
