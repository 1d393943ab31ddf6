"""Write logs as one JSON object a line on standard error, in printable characters alone.

They hold names and addresses from outside, which must not begin a line, steer a terminal or change the text direction.
"""

import json
import logging
from datetime import UTC, datetime

STANDARD_FIELDS = set(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


class JsonLines(logging.Formatter):
    """Format a record with its extras; an exception comes with its traceback, which no page shows."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= {name: value for name, value in record.__dict__.items() if name not in STANDARD_FIELDS}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return printable(json.dumps(fields, ensure_ascii=False, default=str))


def printable(text: str) -> str:
    """Return the text with every control, format and line character escaped as in JSON."""
    return text if text.isprintable() else "".join(it if it.isprintable() else json.dumps(it)[1:-1] for it in text)


def configure(level: str = "info") -> None:
    """Send all logs from `level` up through JsonLines.

    Libraries log nothing below info, since their details may hold secrets. httpx logs only warnings: its info lines
    hold whole addresses.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    least = getattr(logging, level.upper())
    logging.basicConfig(level=max(least, logging.INFO), handlers=[handler], force=True)
    logging.getLogger("helpdesk").setLevel(least)
    logging.getLogger("httpx").setLevel(max(least, logging.WARNING))
