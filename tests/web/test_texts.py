"""Texts on a task's page: they show pictures of its files, and long ones can be read to the end."""

import re

import pytest

from helpdesk.services import Services
from tests.tasks.test_pictures import picture
from tests.web.conftest import HTML, HTMX, Visit, attached
from tests.world import EmbeddedWorld

LONG = "".join(f"Абзац **{n}**.\n\n" for n in range(4_000))


def numbers(html: str) -> list[str]:
    return re.findall(r"<strong>(\d+)</strong>", html)


def followed(visit_: Visit, login: str, address: str) -> str:
    return visit_(login).get(address, headers=HTML).text


@pytest.fixture
def number(embedded: EmbeddedWorld) -> int:
    return embedded.new_task(description="Видно здесь: ![](снимок.png)")


def test_pictures_of_the_files_are_shown_in_description_comments_and_preview(
    visit: Visit, embedded: EmbeddedWorld, number: int
) -> None:
    anna, address = visit("anna"), f"/tasks/{number}"
    assert "снимок.png" in anna.get(address, headers=HTML).text and "<img" not in anna.get(address, headers=HTML).text
    file = attached(embedded, number, picture(), "Снимок.PNG", "image/png")
    image = f'<a href="{address}/files/{file}/view"><img src="{address}/files/{file}/thumbnail" alt="{{}}"'
    typed = {"comment": "> ![тот же](%D1%81%D0%BD%D0%B8%D0%BC%D0%BE%D0%BA.png)"}
    for answer in (
        anna.post(f"{address}/preview", data=typed, headers=HTMX),
        anna.post(f"{address}/preview", data=typed),
        anna.post(f"{address}/comments", data=typed, headers=HTMX),
    ):
        html = answer.json()["html"] if "json" in answer.headers["content-type"] else answer.text
        assert "<blockquote>" in html and image.format("тот же") in html
    page = anna.get(address, headers=HTML).text
    assert image.format("Снимок.PNG") in page and image.format("тот же") in page
    assert anna.get(f"/tasks/api/task/{number}").json()["description"] == "Видно здесь: ![](снимок.png)"


def test_a_picture_of_another_task_is_not_shown(visit: Visit, embedded: EmbeddedWorld, number: int) -> None:
    other = embedded.new_task(description=f"![](снимок.png) ![](/tasks/{number}/files/1/view) ![](/attachments/1)")
    attached(embedded, number, picture(), "снимок.png", "image/png")
    assert "<img" not in visit("anna").get(f"/tasks/{other}", headers=HTML).text


def test_a_long_text_begins_on_the_page_and_is_all_there_one_step_further(
    visit: Visit, embedded: EmbeddedWorld
) -> None:
    task = embedded.new_task(description=LONG)
    anna, whole = visit("anna"), f"/tasks/{task}/texts/0"
    page = anna.get(f"/tasks/{task}", headers=HTML).text
    begun = numbers(page)
    assert 500 < len(begun) < 4_000 and f'<a href="{whole}" hx-get="{whole}?from=1" hx-target="closest p"' in page
    assert numbers(anna.get(whole, headers=HTML).text) == [str(n) for n in range(4_000)]
    rest = anna.get(f"{whole}?from=1", headers=HTMX).text
    assert begun + numbers(rest) == [str(n) for n in range(4_000)]
    assert "hx-get" not in rest and "<html" not in rest
    assert numbers(anna.get(whole).json()["html"]) == [str(n) for n in range(4_000)]


def test_a_long_comment_is_read_only_by_people_who_may_see_it(
    visit: Visit, embedded: EmbeddedWorld, number: int
) -> None:
    typed = {"comment": LONG[:60_000], "private": "1"}
    entry = visit("anna").post(f"/tasks/{number}/comments", json=typed).json()["comment"]["id"]
    address = f"/tasks/{number}/texts/{entry}"
    assert len(numbers(visit("anna").get(address, headers=HTML).text)) > 3_000
    assert visit("irina").get(address, headers=HTML).status_code == 404
    assert visit("stranger").get(f"/tasks/{number}/texts/0", headers=HTML).status_code == 404
    assert visit("anna").get(f"/tasks/{number}/texts/{entry + 1}", headers=HTML).status_code == 404


def test_a_text_longer_than_one_answer_continues(
    visit: Visit, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk.web.tasks.rendered_texts.LARGEST_TEXT", 1)
    anna, address = visit("anna"), f"/tasks/{embedded.new_task(description=LONG)}/texts/0"
    found, target, steps = [], address, 0
    while target and steps < 20:
        page = anna.get(target, headers=HTML).text
        found += numbers(page)
        onward = re.search(r'<a href="([^"]*from=\d+)"', page)
        target, steps = onward[1] if onward else "", steps + 1
    assert found == [str(n) for n in range(4_000)] and steps > 1


@pytest.mark.parametrize("part", ["", "x", "-1", "99999", "9" * 50, "²"])
def test_no_part_of_that_number_is_no_fault(visit: Visit, number: int, part: str) -> None:
    assert visit("anna").get(f"/tasks/{number}/texts/0", params={"from": part}, headers=HTML).status_code == 200


def test_a_mail_of_megabytes_is_no_source_on_the_page(
    visit: Visit, embedded: EmbeddedWorld, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = services.backend.capabilities._replace(text_format="html")
    monkeypatch.setattr(type(services.backend), "capabilities", html)
    data = "<style>p {}</style><!--[if mso]>x<![endif]--><img src='data:image/png;base64," + "iVBOR0" * 300_000 + "'>"
    page = visit("anna").get(f"/tasks/{embedded.new_task(description=data + '<p>Слова</p>')}", headers=HTML).text
    assert "data:image/png<p>Слова</p>" in page and "iVBOR0" not in page and "p {}" not in page


def test_a_form_tells_scripts_how_its_texts_name_a_picture(visit: Visit, number: int) -> None:
    for address in (f"/tasks/{number}", "/tasks/new?project_id=1"):
        assert 'data-reference="![]($)"' in visit("admin").get(address, headers=HTML).text
