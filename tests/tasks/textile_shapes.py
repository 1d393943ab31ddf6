"""Texts in Textile: the constructs and how people come to type them, and any number of random ones."""

from pathlib import Path
from random import Random

# One a line, ⏎ and ⇥ for line breaks and tabs.
_FILE = Path(__file__).with_suffix(".txt")
CORPUS = [line.replace("⏎", "\n").replace("⇥", "\t") for line in _FILE.read_text("utf-8").splitlines()]
# Where Redmine and we differ on purpose: in words, links or shape, and why.
DIFFERENCES = {
    "a[1]\n\nfn1. b": ("links", "a footnote is shown, not linked: a page has many comments, each with a footnote 1"),
    "a[1] b": ("links", "a reference without its footnote is an index: list[1]"),
    "<a href='http://h.ru/x'>b</a>": ("links", "Redmine escapes twice here, and takes the tag into the address"),
    '"a":www.h.ru/x': ("links", "Redmine forgets the http://"),
    '"a":file://h.ru/x': ("links", "only http, https, ftp, ftps, sftp and mailto lead anywhere from a browser"),
    '"a":http://h.ru/x"b"': ("links", "an address ends at a quotation mark"),
    "http://h.ru/x[1]": ("links", "brackets that are opened in an address belong to it"),
    "http://h.ru/x;": ("links", "a semicolon behind an address is none of its letters"),
    "http://h.ru/C++": ("links", "pluses belong to an address"),
    "a\n\n  http://h.ru/x": ("links", "nothing is linked in preformatted text"),
    "a\n|b|\nc": ("shape", "a row is a row beside text, too"),
    "|a|\n|b|\nc|": ("shape", "a line that begins no row is none, though it ends like one"),
    "* a\n# b": ("shape", "a list of another kind is a list beside the first, not in it"),
    "* a\n*** b\n** c": ("shape", "an item less deep stays in the list"),
    "bq. a\n* b": ("shape", "a list below a quotation is no part of it"),
    "<pre>a</pre>\n* b": ("shape", "what stands below a code block is read as anywhere"),
    "see the <code> tag\n* b": ("shape", "only <pre> may be left open"),
    "*(a b) c*": ("shape", "words in brackets are words, no class of a list"),
}
_NAMES = "alpha beta gamma delta one two three альфа бета гамма дельта 42 7 CPU"
_WORDS = _NAMES.split()
_FORMS = """*{}* _{}_ -{}- @{}@ +{}+ ({}) [{}] {{{}}} "{}" '{}' «{}» <{}> {}: {}, {}. {}! {}? {}; %{}% '%{}%' ^{}^ ~{}~
    **{}** ??{}?? "{}":http://h.ru/x "{}":/issues/12 "{}":mailto:a@h.ru "{}":{} {}_{} {}-{} {}*{} {}/{} {}={} $({})
    {{"{}":"{}"}} #{} a@{} http://h.ru/{} (http://h.ru/{}), www.h.ru/{} {}:i.x@h.ru !{}! <b>{}</b> &laquo;{}&raquo; -{}
    --{} +{} *{} _{} @{} "{}":{}:{} {}::{} {}->{} {}... {}|{} {}(x) {}[x] :{} ={} {}--> %{} ;{}"""
_PHRASES = _FORMS.split() + ["{}"] * 20
_LINES = [
    *("* {}", "# {}", "** {}", "> {}", "> > {}", "h2. {}", "p. {}", "bq. {}", "|{}|{}|", "|_. {}|>. {}|", "|{}|"),
    *("- {}", "1. {}", "{}:", "fn1. {}", "    {}", "---", "<pre>{}</pre>", "<code>{}</code>", "|{}", "{}|"),
    *("", "", "", "{}", "{}", "{}", "{}", "{}", "{}"),
]
_BLOCKS = """a·{} a·{}⏎b·{} *·{} *·{}⏎*·{} *·{}⏎**·{}⏎*·{} #·{}⏎##·{}⏎##·{} a·{}⏎*·{} *·{}⏎a·{}⏎*·{} #·{}⏎**·{}⏎#·{}
    >·{} >·{}⏎>·{} >·{}⏎>·>·{}⏎>·{} a·{}⏎>·{}⏎b·{} |{}| |{}|{}|⏎|{}|{}| |_.·{}|>.·{}|⏎|\\2.·{}| |/2.·{}|{}|⏎|{}|
    |a·{}⏎b·{}|{}| h2.·{} h3.·{}⏎a·{} bq.·{} --- <pre>{}⏎*·{}</pre> a·<code>{}</code>·{} >·*·{}⏎>·*·{} p>.·{}"""


def lines(dice: Random) -> str:
    """Lines of any kind, one below the other."""
    return "\n".join(_filled(dice.choice(_LINES), dice) for _ in range(dice.randint(1, 6)))


def blocks(dice: Random) -> str:
    """Blocks that Redmine and we divide alike."""
    chosen = dice.choices(_BLOCKS.split(), k=dice.randint(1, 3))
    return "\n\n".join(_filled(block.replace("⏎", "\n").replace("·", " "), dice, bars=False) for block in chosen)


def _filled(line: str, dice: Random, bars: bool = True) -> str:
    return line.format(*(_phrases(dice, bars) for _ in range(line.count("{}"))))


def _phrases(dice: Random, bars: bool) -> str:
    forms = dice.choices([form for form in _PHRASES if bars or "|" not in form], k=dice.randint(1, 4))
    return " ".join(form.format(*dice.choices(_WORDS, k=form.count("{}"))) for form in forms)
