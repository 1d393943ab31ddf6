"""Write durations of calls."""

SECONDS = MINUTES = 60


def clock(seconds: int | None) -> str:
    """Return seconds as a telephone shows them: 0:09, 12:40, 1:02:03; empty for None."""
    if seconds is None:
        return ""
    minutes, rest = divmod(seconds, SECONDS)
    hours, part = divmod(minutes, MINUTES)
    return f"{hours}:{part:02}:{rest:02}" if hours else f"{part}:{rest:02}"
