"""Define tasks and the backends that store them."""
