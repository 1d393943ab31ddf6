"""Who hears of what, and by which way: feed → rules → store → bell → channels."""
