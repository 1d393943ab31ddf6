"""A helpdesk over Redmine, or over its own embedded tracker."""

__version__ = "0.1.0"
