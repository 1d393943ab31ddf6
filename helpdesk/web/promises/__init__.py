"""The pages on which administrators keep promises of time and business calendars."""
