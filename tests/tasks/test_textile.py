"""Each construct of Textile becomes the HTML that it stands for."""

import pytest

from helpdesk.tasks.markup import textile
from helpdesk.tasks.markup.textile import html_of

CONSTRUCTS = {
    # Phrases
    "*a* _b_ -c- +d+ ^e^ ~f~ ??g??": "<p><strong>a</strong> <em>b</em> <del>c</del> <ins>d</ins> <sup>e</sup> "
    "<sub>f</sub> <cite>g</cite></p>",
    "**a** __b__ @c *d*@": "<p><b>a</b> <i>b</i> <code>c *d*</code></p>",
    "*_a_* (_*b*_) *c _d* e_": "<p><strong><em>a</em></strong> (<em><strong>b</strong></em>) "
    "<strong>c <em>d</em></strong> e</p>",
    "*a\nb* 2*3*4 snake_case_name": "<p><strong>a<br>\nb</strong> 2*3*4 snake_case_name</p>",
    "%{color:red}a% %(cls)b% %c%": "<p>a b %c%</p>",
    "CPU(Central unit)": '<p><abbr title="Central unit">CPU</abbr>(Central unit)</p>',
    # Links
    '"a *b*":https://h.ru/x?y=1&z=2.': '<p><a href="https://h.ru/x?y=1&amp;z=2">a <strong>b</strong></a>.</p>',
    '("a":/issues/1) "b":#note-2 "c":mailto:i@h.ru': '<p>(<a href="/issues/1">a</a>) <a href="#note-2">b</a> '
    '<a href="mailto:i@h.ru">c</a></p>',
    '"a":www.h.ru/x "b":ftp://h.ru/x': '<p><a href="http://www.h.ru/x">a</a> <a href="ftp://h.ru/x">b</a></p>',
    '"a (b)":https://h.ru/x': '<p><a href="https://h.ru/x">a (b)</a></p>',
    # Pictures
    "!a.png! !a_b.png(c d)!": '<p><img src="a.png" alt=""> <img src="a_b.png" alt="c d" title="c d"></p>',
    "!>{width:300px;height:20%}/a.png!": '<p><img src="/a.png" alt="" width="300" height="20%"></p>',
    "!a.png!:https://h.ru/x, !b.jpg!:c": '<p><a href="https://h.ru/x"><img src="a.png" alt=""></a>, '
    '<img src="b.jpg" alt="">:c</p>',
    "!https://h.ru/a?b=1!": '<p><img src="https://h.ru/a?b=1" alt=""></p>',
    # Blocks
    "h1. a\nb\n\nh6>. c": "<h1>a<br>\nb</h1><h6>c</h6>",
    "p(note). a\n\nbq. b\n\np. ": "<p>a</p><blockquote><p>b</p></blockquote><p>p.</p>",
    "a[1] b[2]\n\nfn1. c": "<p>a<sup>1</sup> b[2]</p><p><sup>1</sup> c</p>",
    "a\n\n---\n\n- - -\n\n***": "<p>a</p><hr><hr><hr>",
    "a\n\n  b\n   c\n\nd": "<p>a</p><pre>b\n c</pre><p>d</p>",
    "> a\n> > b\n> c\nd": "<blockquote><p>a</p><blockquote><p>b</p></blockquote><p>c</p></blockquote><p>d</p>",
    "> * a\n> * b\n>\n> c": "<blockquote><ul><li>a</li><li>b</li></ul><p>c</p></blockquote>",
    # Lists
    "a\n* b\nc\n** d\n* e": "<p>a</p><ul><li>b<br>\nc<ul><li>d</li></ul></li><li>e</li></ul>",
    "# a\n*# b\n# c\n* d": "<ol><li>a<ol><li>b</li></ol></li><li>c</li></ol><ul><li>d</li></ul>",
    "* a\n\n  b\n\n  # c\n* d": "<ul><li>a<p>b</p><ol><li>c</li></ol></li><li>d</li></ul>",
    "* a\n|b|\n* c": "<ul><li>a<table><tr><td>b</td></tr></table></li><li>c</li></ul>",
    # Tables
    "|_. a|>. b|\n|\\2. c|": '<table><tr><th>a</th><td>b</td></tr><tr><td colspan="2">c</td></tr></table>',
    "|/2. a|b|\n|c|": '<table><tr><td rowspan="2">a</td><td>b</td></tr><tr><td>c</td></tr></table>',
    "table(cls). \n(r). |a||b\nc|": "<table><tr><td>a</td><td></td><td>b<br>\nc</td></tr></table>",
    "a\n|b|\nc\n|d|": "<p>a</p><table><tr><td>b</td></tr></table><p>c</p><table><tr><td>d</td></tr></table>",
    "|[[a|b]]|*c*|": "<table><tr><td>[[a|b]]</td><td><strong>c</strong></td></tr></table>",
    "|a\n\n|:b|": "<p>|a</p><table><tr><td>:b</td></tr></table>",
    # Code
    'a\n<pre><code class="ruby">\n*b*\n\n<c></code></pre>\nd': "<p>a</p><pre>\n*b*\n\n&lt;c&gt;</pre><p>d</p>",
    "* a\n<pre>b</pre>\n* c": "<ul><li>a<pre>b</pre></li><li>c</li></ul>",
    "a <code>*b*</code> <kbd>_c_</kbd> <notextile>*d*</notextile> <code>": "<p>a <code>*b*</code> <kbd>_c_</kbd> *d* "
    "&lt;code&gt;</p>",
    "<pre>a &laquo; *b*": "<pre>a &amp;laquo; *b*</pre>",
    # Characters
    "&laquo;a&raquo; &#8212;&#x2014; &lt;b&gt; &amp;lt; &x; &": "<p>«a» —— &lt;b&gt; &amp;lt; &amp;x; &amp;</p>",
    "<b>a</b> <!-- b --> <ERROR>": "<p>&lt;b&gt;a&lt;/b&gt; &lt;!-- b --&gt; &lt;ERROR&gt;</p>",
    "": "",
    " \n\n ": "",
}  # fmt: skip


@pytest.mark.parametrize("text", CONSTRUCTS)
def test_a_construct_becomes_its_html(text: str) -> None:
    assert html_of(text) == CONSTRUCTS[text]


def test_a_text_of_unheard_of_length_is_shown_as_typed() -> None:
    text = "*a* " * textile.LONGEST
    assert html_of(text) == f"<pre>{text}</pre>"


def test_more_pieces_than_any_text_may_have_fit_on_the_shelf() -> None:
    text = "".join(f"@{number:x}@ " for number in range(textile.LONGEST // 8))
    assert html_of(text).count("<code>") == textile.LONGEST // 8
