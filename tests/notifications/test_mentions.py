"""Who is mentioned_words in a text, and who only stands in it."""

from collections.abc import Collection

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpdesk.notifications import mentions
from helpdesk.notifications.mentions import mentioned_logins, mentioned_words, possible_logins
from helpdesk.store.casefold import fold

LOGINS = {"anna", "boris", "anna.k", "семен", "a-b", "anna@example.test", "x_"}
NAMES = st.sampled_from(sorted(LOGINS))
PIECES = st.sampled_from(
    ["@anna", "@", "`", "```\n", "~~~\n", "\n", "<pre>", "</pre>", "<code>", ">", "> ", " ", "a", ".", "-", "&lt;", "/"]
)


def mentioned(text: str, logins: Collection[str]) -> frozenset[str]:
    words = mentioned_words(text)
    found = mentioned_logins(words, logins)
    assert found == mentioned_logins(words, possible_logins(words) & set(logins)), (
        "it is enough to know the logins that may be meant"
    )
    return found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("@anna", {"anna"}),
        ("Спасибо, @Anna! И @BORIS.", {"anna", "boris"}),
        ("@anna.", {"anna"}),
        ("@anna.k.", {"anna.k"}),
        ("@anna... @boris…", {"anna", "boris"}),
        ("(@anna), «@boris»: [@a-b] *@x_*", {"anna", "boris", "a-b", "x_"}),
        ("@anna's printer; @boris?", {"anna", "boris"}),
        ("@Семён", {"семен"}),
        ("@Семе\u0308н", {"семен"}),
        ("и\u0306@boris", set()),
        ("<PRE>@anna</Pre> <Code>@boris</CODE>", set()),
        ("@anna@example.test", {"anna@example.test"}),
        ("<p>@anna</p><p>x&nbsp;@boris&nbsp;</p>", {"anna", "boris"}),
        ("`x` @anna", {"anna"}),
        ("if a < b @anna c > d", {"anna"}),
        ("@ls -l@ @anna", {"anna"}),
        ("@anna and @boris", {"anna", "boris"}),
        ("@anna,@boris", {"anna", "boris"}),
        ("> @anna hat gefragt\n\n@boris", {"boris"}),
        ("ask@boris, a.@boris, a+@boris, a-@boris", set()),
        ("https://example.test/@anna https://example.test/?to=@anna /home/@anna", set()),
        ("@annabel @anna-maria @anna.petrova @anna@elsewhere.test", set()),
        ("_@anna_ @anna_", {"anna"}),  # the end of an emphasis
        ("@anna @ 5", {"anna"}),
        ("@@anna @ anna anna", set()),
        ("`@anna` ``@anna`` @anna@ <code>@anna</code>", set()),
        ("```\n@anna\n```\n~~~ py\n@boris\n~~~\n<pre><code>\n@anna\n</code></pre>", set()),
        ("<pre>\n@anna", set()),
        ("```\n@anna", set()),
        ("```@anna``` @boris", {"boris"}),
        ('<a title="@anna">x</a> <blockquote>@anna</blockquote>', set()),
        ("> @anna", set()),
        ("a<b>@anna</b>", set()),
        ("", set()),
    ],
)
def test_these_are_called_and_nobody_else(text: str, wanted: set[str]) -> None:
    assert mentioned(text, LOGINS) == wanted


@given(st.text(max_size=20) | st.lists(PIECES, max_size=12).map("".join), NAMES)
@example("`", "anna")
def test_a_word_by_itself_calls_whatever_stands_before_it_in_another_paragraph(before: str, login: str) -> None:
    opened = any(mark in before.casefold() for mark in ("`", "~", "<", "@"))
    assert opened or login in mentioned(f"{before}\n\n@{login.upper()} x", LOGINS)


@given(st.lists(PIECES | st.text(max_size=5), max_size=30).map("".join))
def test_only_whose_login_stands_in_the_text_behind_an_at_is_called(text: str) -> None:
    assert all(f"@{login}" in fold(text) for login in mentioned(text, LOGINS))
    assert mentioned(text, frozenset()) == frozenset()


@given(st.text("abc ", max_size=20), NAMES, st.text("abc ", max_size=20))
@pytest.mark.parametrize(
    "code", ["<pre>%s</pre>", "<code>%s</code>", "\n```\n%s\n```\n", "\n~~~ x\n%s\n~~~\n", " ``%s`` ", "\n> %s\n"]
)
def test_nobody_is_called_in_code_or_in_a_citation(code: str, before: str, login: str, after: str) -> None:
    assert mentioned(before + code % f"a @{login} b" + after, LOGINS) == frozenset()


@pytest.mark.parametrize(
    "piece",
    ["@", "@a", "@.", "`", "`a", "``a` ", "<pre ", "<code>", "~~~\n", "```\n", "<blockquote>", "a://", "<p ", "&", "a.",
     "\u0301\u0323", "@\u0301\u0323", "~", "\n~~~"],
)  # fmt: skip
@pytest.mark.timeout(60)
def test_hostile_repetitions_are_read_to_the_end(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the bound, and in seconds: what is quadratic in any of them takes minutes."""
    monkeypatch.setattr(mentions, "LONGEST_READ", 10_000_000)
    assert mentioned("@" + piece * (200_000 // len(piece)), LOGINS) == frozenset()


def test_of_very_many_calls_the_first_are_looked_up() -> None:
    text = " ".join(f"@anna{number}" for number in range(mentions.MOST_WORDS - 1)) + " @anna @anna0 @boris"
    assert mentioned(text, LOGINS) == {"anna"}


def test_a_text_is_read_as_far_as_texts_go() -> None:
    assert mentioned(" " * (mentions.LONGEST_READ - 5) + "@anna", LOGINS) == {"anna"}
    assert mentioned(" " * mentions.LONGEST_READ + "@anna", LOGINS) == frozenset()
