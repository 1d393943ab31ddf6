"""Convert descriptions and comments from Textile, Markdown or HTML to safe HTML."""
