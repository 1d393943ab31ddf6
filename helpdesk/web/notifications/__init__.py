"""Show notifications: their page, the widget, preferences and mutes."""
