"""Serve every handler: services, guards, session, request data, faces, templates, errors."""
