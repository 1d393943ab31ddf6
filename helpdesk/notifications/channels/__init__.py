"""How a notification reaches a person."""
