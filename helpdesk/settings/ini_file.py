"""Read config.ini as Python's ConfigParser does, with a notice or Unreadable instead of a traceback.

The predecessor read the same file with ConfigParser: `%%` is a percent sign, `%(name)s` another option. Where that
cannot be resolved the text counts as it stands.
"""

import codecs
import re
from configparser import (
    ConfigParser,
    DuplicateOptionError,
    DuplicateSectionError,
    InterpolationError,
    MissingSectionHeaderError,
    ParsingError,
)
from configparser import Error as IniError
from io import StringIO
from typing import NamedTuple

INLINE_COMMENT = re.compile(r"\s[#;].*")
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
ENCODINGS = (("utf-8-sig", ()), ("cp1251", ("is not UTF-8 and was read as Windows-1251",)))
COMMENT_SIGNS = ("#", ";")

OptionName = tuple[str, str]  # section, option


class Unreadable(ValueError):
    """A file that cannot be understood at all; the message is half a sentence."""


class IniFile(NamedTuple):
    """`values` by section and option, where [DEFAULT] counts in every section; `lines` are the numbers of the lines
    where options begin; `notices` are sentences about lines that do not count as they stand.

    No notice repeats an unknown option: it may be the rest of a secret that goes on in a second line.
    """

    values: dict[OptionName, str]
    lines: dict[OptionName, int]
    notices: list[str]


EMPTY = IniFile({}, {}, [])


def decode(data: bytes) -> tuple[str, list[str]]:
    """Return the text of a settings file and notices about its encoding. Raises Unreadable."""
    for encoding, notices in ENCODINGS:
        try:
            text = data.decode("utf-16" if data.startswith(UTF_16) else encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise Unreadable("holds zero bytes")
        return text, list(notices)
    raise Unreadable("is neither UTF-8 nor Windows-1251")


def is_known(name: OptionName, known: set[OptionName]) -> bool:
    """Check an option against the known ones; [DEFAULT] may hold any known one."""
    section, option = name
    return name in known or (section == "DEFAULT" and any(option == other for _, other in known))


def parse(data: bytes, known: set[OptionName], secret: set[OptionName]) -> IniFile:
    """Read the bytes of a config.ini. `secret` options keep what looks like a comment. Raises Unreadable."""
    text, notices = decode(data)
    notices += _first_repetition(text, known)
    parser = _parser(text, notices)
    values = {(section, option): _value(parser, section, option) for section in parser for option in parser[section]}
    lines = {name: line for name, line in _lines(text).items() if name in values and name[1]}
    for name in lines:
        if is_known(name, known):
            values[name] = _without_comment(name, values[name], secret, notices)
    return IniFile(values, lines, notices)


def _parser(text: str, notices: list[str]) -> ConfigParser:
    """Parse the text and add a notice for every line that ConfigParser does not understand. Raises Unreadable."""
    parser = ConfigParser(strict=False)
    try:
        parser.read_string(text)
    except MissingSectionHeaderError as error:
        raise Unreadable(f"has text before its first [section], in line {error.lineno}") from error
    except ParsingError as error:  # ConfigParser has read the other lines
        notices += [f"line {number} is not understood" for number, _ in error.errors]
    return parser


def _lines(text: str) -> dict[OptionName, int]:
    """Return the number of the line where each option first begins, by ConfigParser's own rules."""
    lines: dict[OptionName, int] = {}
    section, option, indent = "", "", 0
    for number, line in enumerate(StringIO(text), 1):
        bare = line.strip()
        line_indent = len(line) - len(line.lstrip())
        if not bare or bare.startswith(COMMENT_SIGNS) or (option and line_indent > indent):
            continue
        indent = line_indent
        if header := ConfigParser.SECTCRE.match(bare):
            section, option = header["header"], ""
        elif pair := ConfigParser.OPTCRE.match(bare):
            option = pair["option"].rstrip().lower()
            lines.setdefault((section, option), number)
    return lines


def _first_repetition(text: str, known: set[OptionName]) -> list[str]:
    """Return a notice about the first section or option that is given twice: ConfigParser stops there."""
    try:
        ConfigParser().read_string(text)
    except DuplicateOptionError as error:
        name = f"[{error.section}] {error.option}" if is_known((error.section, error.option), known) else "an option"
        return [f"line {error.lineno}: {name} stands there twice; the last one counts"]
    except DuplicateSectionError as error:
        name = f"[{error.section}]" if error.section in {section for section, _ in known} else "a section"
        return [f"line {error.lineno}: {name} begins a second time; both are read"]
    except IniError:
        pass  # _parser reports every other error
    return []


def _value(parser: ConfigParser, section: str, option: str) -> str:
    try:
        return parser.get(section, option)
    except InterpolationError:
        return parser.get(section, option, raw=True)


def _without_comment(name: OptionName, text: str, secret: set[OptionName], notices: list[str]) -> str:
    """Return the value without a comment; a secret stays whole, since it may hold a # or ;.

    Adds notices of comments and of values of several lines.
    """
    label = f"[{name[0]}] {name[1]}"
    if "\n" in text.rstrip():
        notices.append(f"{label} goes on in the next line, which begins with a space")
    if not INLINE_COMMENT.search(text):
        return text
    if name in secret:
        notices.append(f"{label} holds a # or ; after a space: all of it counts as the value")
        return text
    notices.append(f"{label}: what follows the # or ; counts as a comment")
    return INLINE_COMMENT.sub("", text)
