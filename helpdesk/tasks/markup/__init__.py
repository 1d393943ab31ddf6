"""Descriptions and comments: from Textile, Markdown or HTML to HTML that is safe to show."""
