"""Journeys: what people do with the helpdesk, in a real browser, with JavaScript and without."""
