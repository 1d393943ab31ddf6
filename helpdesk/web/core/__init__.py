"""What every handler uses: guards, session, request data, templates, errors."""
