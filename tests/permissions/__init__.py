"""The proof that nobody sees or may do more or less through us than in Redmine itself. See docs/permissions.md."""
