"""Recognise text that only looks like a tag: `<ERROR>`, `<ivan@host.ru>`, `a <b` at the end of a text."""

import re

_NAMES = """
    a abbr acronym address applet area article aside audio b base basefont bdi bdo bgsound big blink blockquote
    body br button canvas caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em
    embed fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i
    iframe img input ins kbd label legend li link main map mark marquee math menu meta meter nav nobr noembed noframes
    noscript object oembed ol optgroup option output p param picture pre progress q rb rp rt rtc ruby s samp script
    search section select slot small source span strike strong style sub summary sup svg table tbody td template
    textarea tfoot th thead time title tr track tt u ul var video wbr xml"""
ELEMENTS = frozenset(_NAMES.split())
_OFFICE = frozenset(["o", "v", "w", "m", "x", "p", "st1", "st2"])  # `<o:p>` in mails
_ATTRIBUTE = r"""
    (?:\s++|(?<=["']))(?:
        [^\s"'<>/=]++\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'<>]++)
        | (?:allowfullscreen|async|autoplay|checked|clear|compact|controls|defer|disabled|download|hidden|ismap
            |itemscope|loop|multiple|muted|nohref|noshade|nowrap|open|readonly|required|reversed|selected|[a-z]+-[a-z-]+)(?=[\s/>])
    )"""
_TAG = re.compile(
    rf"""<(?:
        !--
        | !(?:doctype\b|\[(?!cdata\[)) | \?xml\b                          # for machines only
        | /(?P<end>[a-z][^\s<>/]*+)\s*+>
        | (?P<begin>[a-z][^\s<>/]*+)(?:{_ATTRIBUTE})*+[\s/]*+>
        | (?P<other>[a-z/!?])                                              # a parser drops what follows, up to >
    )""",
    re.I | re.X,
)


def is_stray(html: str, start: int, searched: int) -> bool:
    """Return whether the `<` at `start` begins no element, so that a parser would drop the words behind it.

    A tag longer than `searched` characters is none of those: it holds a picture.
    """
    tag = _TAG.match(html, start, start + searched)
    if tag is None:
        return False
    if tag["other"]:
        return html.find(">", start, start + searched) >= 0 or start + searched >= len(html)
    return _is_unknown((tag["begin"] or tag["end"] or "").lower())


def _is_unknown(name: str) -> bool:
    prefix, colon, _ = name.partition(":")
    return bool(name) and name not in ELEMENTS and not (colon and prefix in _OFFICE)
