"""Pages of the promises of time that were kept and missed."""
