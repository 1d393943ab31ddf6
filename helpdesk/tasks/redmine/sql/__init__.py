"""Reading from Redmine's database."""
