"""Reply templates."""
