"""Our Textile against a real Redmine's own preview: no word less, the same links, tables and lists.

The dice are the same in each run; SEED throws others. 60 random texts, 6,000 under `make soak`.
"""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from random import Random

import httpx
import pytest

from helpdesk.tasks.markup.render import render
from tests.servers.redmine import Redmine
from tests.tasks import textile_shapes
from tests.tasks.reading import Reading
from tests.tasks.textile_shapes import CORPUS, DIFFERENCES

RANDOM = 3_000 if os.environ.get("SOAK") else 30
SEED = os.environ.get("SEED", "")
REQUEST_BYTES = 6_000  # a preview is asked for in the address: Redmine answers a POST to signed-in browsers only
BORDER = re.compile(r"<p>граница(\d+)</p>")
ANCHOR = re.compile(r'<a href="#[^"]*" class="wiki-anchor">[^<]*</a>')  # beside each heading
# What is left open here, or moved to the left, would cross the border to the next text.
ALONE = re.compile(r"<(pre|code|kbd|notextile)\b(?!.*</\1>)|<!--|==|\A\s", re.S)
ENTITIES = {"lt", "gt", "amp", "quot", "039", "nbsp", "laquo", "raquo"}  # Redmine escapes some twice


def previews(redmine: Redmine, texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each text with Redmine's HTML of it."""
    with httpx.Client(base_url=redmine.url, trust_env=False, timeout=60) as client:
        for batch in batches(texts):
            answer = client.get("/preview/text", params={"text": joined(batch)})
            assert answer.status_code == 200, (answer.status_code, batch)
            parts = BORDER.split(ANCHOR.sub("", answer.text))[::2]
            assert len(parts) == len(batch), (batch, answer.text)
            yield from zip(batch, parts, strict=True)


def joined(batch: list[str]) -> str:
    return "".join(f"{text}\n\nграница{number}\n\n" for number, text in enumerate(batch[:-1])) + batch[-1]


def batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    for text in texts:
        if ALONE.search(text):
            yield [text]
        elif len(str(httpx.QueryParams(text=joined([*batch, text])))) > REQUEST_BYTES:
            yield batch
            batch = [text]
        else:
            batch.append(text)
    if batch:
        yield batch


def differences(theirs: str, text: str) -> dict[str, object]:
    """What Redmine shows and we do not."""
    redmine, ours = Reading(theirs), Reading(str(render(text, "textile", lambda number: f"/tasks/{number}")))
    words = Counter(word for word in redmine.words if word not in ENTITIES) - Counter(ours.words)
    links = Counter(redmine.links) - Counter(ours.links)
    shapes = (redmine.shape, ours.shape) if redmine.shape != ours.shape else ()
    return {name: found for name, found in (("words", words), ("links", links), ("shape", shapes)) if found}


def test_the_constructs_read_as_in_redmine(redmine: Redmine) -> None:
    found = {text: differences(theirs, text) for text, theirs in previews(redmine, CORPUS)}
    assert len(found) > 250
    assert {text: each for text, each in found.items() if each and text not in DIFFERENCES} == {}


def test_redmine_differs_where_we_say_so_and_only_there(redmine: Redmine) -> None:
    found = {text: differences(theirs, text) for text, theirs in previews(redmine, DIFFERENCES)}
    assert {text: " ".join(each) for text, each in found.items()} == {
        text: where for text, (where, _) in DIFFERENCES.items()
    }


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_random_lines_keep_every_word_that_redmine_keeps(redmine: Redmine) -> None:
    dice = Random(f"lines {SEED}")
    texts = [textile_shapes.lines(dice) for _ in range(RANDOM)]
    found = {text: differences(theirs, text).get("words") for text, theirs in previews(redmine, texts)}
    assert {text: words for text, words in found.items() if words} == {}


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_random_blocks_have_redmines_words_links_tables_and_lists(redmine: Redmine) -> None:
    dice = Random(f"blocks {SEED}")
    texts = [textile_shapes.blocks(dice) for _ in range(RANDOM)]
    found = {text: differences(theirs, text) for text, theirs in previews(redmine, texts)}
    assert {text: each for text, each in found.items() if each} == {}
