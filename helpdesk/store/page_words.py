"""Suggest knowledge pages by the words of a text: each page has rows of its words, without their endings."""

import re
from datetime import datetime
from itertools import islice

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.store.casefold import fold
from helpdesk.store.models.posts import PageWord, Post
from helpdesk.store.page_titles import Title, pages, rows
from helpdesk.store.post_readers import Reader, is_published

LONGEST_INDEXED = 20_000
"""Characters of a page's text whose words are stored."""
LONGEST_WORD = 40
MOST_WORDS = 8
FEWEST_LETTERS, MOST_LETTERS = 3, 6
"""Of a word by which pages are suggested: longer ones are cut, since Russian words differ in their ends."""
MOST_OF_PAGE = 300
"""The most words of a page by which it is suggested."""
SURE = 2
"""As many words of a page's text make it a suggestion, when its title has none."""
WORD = re.compile(r"\w+")
ENDING = re.compile(
    r"""(?<=\w{3})(?:иями|ями|ами|ого|его|ому|ему|ыми|ими|ешь|ишь|ует|ает|яет|ить|ать|ять|еть|уть|ться|тся
    |ий|ый|ой|ей|ая|яя|ое|ее|ые|ие|ую|юю|их|ых|ом|ем|ам|ям|ах|ях|ов|ев|им|ым|ит|ет|ут|ют|ат|ят
    |[аеиоуыьэюяй]|ies|ing|ed|es|s)\Z""",
    re.X,
)
COMMON = frozenset(
    """без был была было быть весь вот все всё где даже для его если есть еще как какой когда кто меня мне мной мой моя
    мочь могу надо нам нас нет них ничего нужно она они оно опять очень перестал перестала перестало почему при про
    раз сам себя сейчас так там тоже только тут уже что чтобы это этот помогите помощь пожалуйста прошу проблема
    работает работать работают добрый день здравствуйте
    about and are but can cannot does doesn for from has have help how isn its not the this what when why with work
    works working you your please problem""".replace("ё", "е").split()
)
"""Words that tell nothing of the subject of a request."""


def suggested(session: Session, reader: Reader, now: datetime, subject: str, limit: int) -> list[Title]:
    """Return pages that may answer a request with this subject, the likeliest first.

    One of its words in a title is enough, or SURE of them in a text.
    """
    words = stems(subject, MOST_WORDS)
    in_title, in_all = sa.func.sum(sa.case((col(PageWord.is_in_title), 1), else_=0)), sa.func.count()
    query = (
        pages(reader, now)
        .join(PageWord, col(PageWord.post_id) == col(Post.id))
        .where(is_published(now), col(PageWord.word).in_(words))
        .group_by(col(Post.id), col(Post.title))
        .having(sa.or_(in_title > 0, in_all >= min(SURE, len(words))))
        .order_by(in_title.desc(), in_all.desc(), col(Post.id))
    )
    return rows(session, query.limit(limit)) if words else []


def index(session: Session, page_id: int, title: str, content: str) -> None:
    """Store the words by which a page is suggested, in the place of those that it had."""
    of_title, of_text = stems(title, MOST_OF_PAGE), stems(content[:LONGEST_INDEXED], MOST_OF_PAGE)
    words = dict.fromkeys(of_text, False) | dict.fromkeys(of_title, True)
    session.execute(sa.delete(PageWord).where(col(PageWord.post_id) == page_id))
    session.add_all(PageWord(word=word, post_id=page_id, is_in_title=it) for word, it in words.items())
    session.flush()


def stems(text: str, most: int) -> list[str]:
    """Return the words of a text that tell something, each once, without their endings."""
    cut = (ENDING.sub("", it[:LONGEST_WORD])[:MOST_LETTERS] for it in WORD.findall(fold(text)) if _tells(it))
    return list(islice(dict.fromkeys(cut), most))


def _tells(word: str) -> bool:
    """Tell whether pages are suggested by a word; a number such as 1C is one, too."""
    is_long_enough = len(word) >= FEWEST_LETTERS or (len(word) > 1 and not word.isalpha())
    return is_long_enough and word not in COMMON
