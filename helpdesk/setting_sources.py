"""Where settings are written: the environment, `.env`, the files that NAME_FILE names, and config.ini."""

from collections.abc import Iterable, Mapping
from configparser import ConfigParser
from configparser import Error as IniError
from pathlib import Path
from typing import NamedTuple

from dotenv import dotenv_values


class Problem(NamedTuple):
    """What is wrong with a setting and what helps; never its value."""

    name: str
    fault: str
    hint: str

    def __str__(self) -> str:
        return f"{self.name}: {self.fault}. {self.hint}."


class SettingsError(Exception):
    """All problems of the settings at once."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class Given(NamedTuple):
    """A value as it was written, and where."""

    text: str
    source: str


Source = tuple[str, Mapping[str, str]]  # what it is called, and what it gives by the environment's names


def given(name: str, sources: list[Source]) -> Given | None:
    return next((Given(values[name], source) for source, values in sources if name in values), None)


def plain(environ: Mapping[str, str], folder: Path) -> list[Source]:
    """The two where everything is written as it is. Raises SettingsError."""
    return [("environment", _present(environ)), (".env", _present(_dotenv(folder)))]


def every(
    environ: Mapping[str, str], folder: Path, secret: Iterable[str], places: Mapping[str, str]
) -> tuple[list[Source], list[Problem]]:
    """Everything that gives values, strongest first, and what is wrong with the files among them.

    `secret` names may come from a file of their own; `places` says by name where in config.ini they stand.
    Raises SettingsError.
    """
    result: list[Source] = []
    problems: list[Problem] = []
    for source, values in plain(environ, folder):
        secrets, wrong = _secret_files(values, folder, secret)
        result += [(source, values), ("file", secrets)]
        problems += wrong
    config = given("HELPDESK_CONFIG", result)
    ini, wrong = _ini(folder / (config.text if config else "config.ini"), places, required=config is not None)
    return [*result, ("config.ini", ini)], problems + wrong


def _present(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text.strip() for name, text in values.items() if text and text.strip()}


def _dotenv(folder: Path) -> Mapping[str, str | None]:
    try:
        return dotenv_values(folder / ".env", interpolate=False)  # a secret may hold ${
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([Problem(".env", "can't be read", "Check its rights; it must be UTF-8")]) from error


def _secret_files(
    values: Mapping[str, str], folder: Path, secret: Iterable[str]
) -> tuple[dict[str, str], list[Problem]]:
    """The secrets in the files that NAME_FILE names."""
    secrets: dict[str, str | None] = {}
    problems = []
    for name in secret:
        path = values.get(f"{name}_FILE")
        if path and name in values:
            problems.append(Problem(name, f"is given, and {name}_FILE too", "Keep one of them"))
        elif path:
            try:
                secrets[name] = (folder / path).read_text(encoding="utf-8")
            except (OSError, ValueError):
                problems.append(Problem(f"{name}_FILE", "names no readable file", "Check its path and rights"))
    return _present(secrets), problems


def _ini(file: Path, places: Mapping[str, str], required: bool) -> tuple[dict[str, str], list[Problem]]:
    """What config.ini gives, by the environment's names. It may be the predecessor's file: no interpolation of %."""
    ini = ConfigParser(interpolation=None, strict=False)
    try:
        if required or file.exists():
            ini.read_string(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, IniError):
        return {}, [Problem("HELPDESK_CONFIG", "names no readable ini file", "Check its path, rights and UTF-8")]
    return _present({name: _first(ini, listed.split()) for name, listed in places.items()}), []


def _first(ini: ConfigParser, places: list[str]) -> str | None:
    """The first value that is not empty among `section.option` places."""
    values = (ini.get(*place.split("."), fallback="") for place in places)
    return next((value for value in values if value and value.strip()), None)
