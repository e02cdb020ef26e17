"""The replica in an independent browser: stories, special links, sessions, and the structure of its pages."""

import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.readers import read
from corpus.story import Choice, Passage, Story
from tests.corpus.crawl.browser import BODY, Answer, Browser, walk
from tests.corpus.crawl.graphs import Extra, Special, Staged, difference, passages, plain, random_story
from tests.corpus.crawl.replica import Replica, Step

LIBRARY = Path(__file__).parents[3] / "corpus" / "library"


def labelled(page: Answer, label: str) -> str:
    """Return the number of the only link with this label."""
    (number,) = [number for number, text in page.links if text == label]
    return number


# ---- stories -------------------------------------------------------------------------------------------------


def test_library_stories_can_be_played_completely() -> None:
    stories = [story for path in sorted(LIBRARY.glob("*.twee"))[::24] for story in read(path)]
    with Replica(stories) as site:
        for story in stories:
            assert difference(story, walk(Browser(), site.viewer_url(story))) == ""
        assert site.repeated() == {}


def test_random_graphs_can_be_played_completely() -> None:
    stories = [random_story(seed, previous=False) for seed in range(20)]
    with Replica(stories) as site:
        for staged in stories:
            browser = Browser(follow_redirects=False)
            assert difference(staged.story, walk(browser, site.viewer_url(staged))) == "", staged.story.title
        assert site.repeated() == {}


def test_session_server_needs_the_whole_path() -> None:
    staged = random_story(3, previous=False)
    browser = Browser(follow_redirects=False)
    with Replica([staged], memory="session") as site:
        url = site.viewer_url(staged)

        def from_the_start(_: Answer, number: str, path: tuple[str, ...]) -> Answer:
            page = browser.get(url)
            for step in path:
                page = browser.follow(page, step)
            return browser.follow(page, number)

        assert difference(staged.story, walk(browser, url, from_the_start)) == ""
        assert difference(staged.story, walk(browser, url)) != ""


def test_old_pages_can_be_used_in_any_order(site: Replica, cellar: Staged) -> None:
    browser = Browser()
    stairs = browser.get(site.viewer_url(cellar))
    hall = browser.follow(stairs, labelled(stairs, "Go <down>"))
    browser.follow(hall, labelled(hall, "Take the side way"))
    assert browser.follow(stairs, labelled(stairs, "Wait")).title == "Stairs"
    assert browser.follow(hall, labelled(hall, "Take the side way")).title == "Nook"


def test_session_server_continues_from_the_latest_page(cellar: Staged) -> None:
    browser = Browser()
    with Replica([cellar], memory="session") as site:
        stairs = browser.get(site.viewer_url(cellar))
        hall = browser.follow(stairs, labelled(stairs, "Go <down>"))
        browser.follow(hall, labelled(hall, "Take the side way"))
        assert browser.follow(stairs, labelled(stairs, "Wait")).words("//title") == "Link Resultset not loaded"


def test_item_shows_another_link(site: Replica, cellar: Staged) -> None:
    browser = Browser()
    hall = open_hall(browser, site.viewer_url(cellar))
    assert "Unlock" not in dict(hall.links).values()
    assert hall.items == []
    nook = browser.follow(hall, labelled(hall, "Take the side way"))
    assert nook.items == ["rusty <key>"]
    assert browser.post(nook, "UseItem", "1").title == "Nook"
    hall = browser.follow(nook, labelled(nook, "Go on"))
    assert (hall.title, hall.prose) == ("Hall", "A door.")
    end = browser.follow(hall, labelled(hall, "Unlock"))
    assert (end.title, end.prose) == ("End", "")


def test_counter_makes_each_page_different() -> None:
    loop = Story("Loop", "Here", passages(Passage("Here", "%TURNS times, %NAME.", (Choice("Again", "Here"),))))
    staged = Staged(loop, counter="%TURNS")
    browser = Browser()
    with Replica([staged]) as site:
        page = browser.get(site.viewer_url(staged))
        assert page.prose == "0 times, %NAME."
        for _ in range(3):
            page = browser.follow(page, page.links[0][0])
        assert page.prose == "3 times, %NAME."


def test_pages_with_the_same_heading_differ_in_text() -> None:
    first = Passage("a", "Left.", (Choice("on", "b"),))
    staged = Staged(Story("Maze", "a", passages(first, Passage("b", "Right."))), titled=False)
    browser = Browser()
    with Replica([staged]) as site:
        page = browser.get(site.viewer_url(staged))
        after = browser.follow(page, page.links[0][0])
    assert (page.title, page.prose, after.title, after.prose) == ("Maze", "Left.", "Maze", "Right.")


# ---- links that are not choices ------------------------------------------------------------------------------


def open_hall(browser: Browser, url: str) -> Answer:
    stairs = browser.get(url)
    return browser.follow(stairs, labelled(stairs, "Go <down>"))


def test_end_leads_to_the_rate_page() -> None:
    staged = Staged(Story("Brief", "x", passages(Passage("x", "Done."))), extras=(Extra("x", Special.END, "Go north"),))
    browser = Browser()
    with Replica([staged]) as site:
        page = browser.get(site.viewer_url(staged))
        rate = browser.follow(page, labelled(page, "Go north"))
    (form,) = rate.find("/html/body/form")
    assert form.get("action") == f"/story/viewer/rate.aspx?StoryId={site.entry(staged).number}"
    assert "Rate" in rate.words("/html/body/form/div[3]/h1")


def test_save_reset_and_previous_links(site: Replica, cellar: Staged) -> None:
    browser, without_redirects = Browser(), Browser(follow_redirects=False)
    url = site.viewer_url(cellar)
    hall = open_hall(browser, url)
    assert "save" in browser.follow(hall, labelled(hall, "Sleep")).words("/html/body/form/div[4]/div/p[1]")
    assert browser.follow(hall, labelled(hall, "Climb")).title == "Stairs"
    nook = browser.follow(hall, labelled(hall, "Take the side way"))
    hall_again = browser.follow(nook, labelled(nook, "Go on"))
    assert browser.follow(hall_again, labelled(hall_again, "Climb")).title == "Nook"
    assert browser.follow(hall_again, labelled(hall_again, "Dream")).title == "Stairs"
    hall = open_hall(without_redirects, url)
    reset = without_redirects.follow(hall, labelled(hall, "Dream"))
    assert (reset.status, urljoin(hall.url, reset.headers["Location"])) == (302, url)


def test_toolbar(site: Replica, cellar: Staged) -> None:
    browser = Browser()
    hall = open_hall(browser, site.viewer_url(cellar))
    back, over, save, leave = hall.find("//*[@id='svbanner']/ul//a")
    calls = [re.findall(r"PostBack\('(\w+)','(\w+)'\)", anchor.get("onclick", "")) for anchor in (back, over, save)]
    assert calls == [[("Back", "0")], [("Reset", "0")], [("Save", "0")]]
    assert urljoin(hall.url, leave.get("href", "")) == site.story_url(cellar)
    assert browser.post(hall, "Back", "0").title == "Stairs"
    assert browser.post(hall, "Reset", "0").title == "Stairs"
    assert browser.post(hall, "Save", "0").find("//form[contains(@action, 'save.aspx')]")


@pytest.mark.parametrize("number", ["999999", "", "x", "-1"])
def test_unknown_link(site: Replica, cellar: Staged, number: str) -> None:
    browser = Browser()
    answer = browser.follow(browser.get(site.viewer_url(cellar)), number)
    assert answer.words("//title") == "Link Resultset not loaded"


def test_link_of_another_page(site: Replica, cellar: Staged) -> None:
    browser = Browser()
    hall = open_hall(browser, site.viewer_url(cellar))
    answer = browser.follow(browser.get(site.viewer_url(cellar)), labelled(hall, "Take the side way"))
    assert answer.words("//title") == "Link Resultset not loaded"


def test_forged_token_is_refused(site: Replica, cellar: Staged) -> None:
    browser = Browser()
    page = browser.get(site.viewer_url(cellar))
    number = labelled(page, "Wait")
    for forged in ("", "AAAA", page.form["__VIEWSTATE"][:-4] + "AAA=", "é"):
        form = {**page.form, "__VIEWSTATE": forged, "pbAction": "FollowLink", "pbValue": number}
        assert browser.get(page.url, form).status == 500


def test_expired_session_needs_a_new_start(cellar: Staged) -> None:
    browser = Browser()
    with Replica([cellar], lifetime=2) as site:
        hall = open_hall(browser, site.viewer_url(cellar))
        lost = browser.follow(hall, labelled(hall, "Take the side way"))
        (again,) = lost.find("//form[@id='ctl01']/div[4]/p[3]/a")
        assert urljoin(lost.url, again.get("href", "")) == site.viewer_url(cellar)
        assert browser.get(site.viewer_url(cellar)).title == "Stairs"
        assert "expired" in browser.follow(hall, labelled(hall, "Take the side way")).text


def test_lost_sessions_and_missing_cookies(site: Replica, cellar: Staged) -> None:
    browser, other = Browser(), Browser()
    page = browser.get(site.viewer_url(cellar))
    form = {**page.form, "pbAction": "FollowLink", "pbValue": labelled(page, "Wait")}
    assert "expired" in other.get(page.url, form).text
    site.sessions.forget()
    assert "expired" in browser.get(page.url, form).text


# ---- structure of pages --------------------------------------------------------------------------------------


def test_index_leads_to_the_categories(site: Replica, cellar: Staged) -> None:
    index = Browser().get(site.index_url)
    blocks = index.find("//*[contains(@class, 'dark1border')]")[:-2]
    links = [block.xpath(".//*[@class='categoryBoxExtras']")[1].xpath("./a")[0].get("href") for block in blocks]
    assert [urljoin(index.url, link) for link in links] == [site.category_url(cellar)]


@pytest.mark.parametrize("top_list", [True, False])
def test_lists_have_author_and_ratings_of_each_story(site: Replica, cellar: Staged, top_list: bool) -> None:
    page = Browser().get(site.list_url if top_list else site.category_url(cellar))
    (row,) = page.find("//table[@id='MainContentPlaceHolder_StoriesGridView']//tr")[1:]
    cells = row.xpath("./td")
    number = [] if top_list else [cells.pop(0).text_content()]
    assert number == ([] if top_list else ["1."])
    (link,) = cells[0].xpath("./a")
    assert urljoin(page.url, link.get("href")) == site.story_url(cellar)
    assert [link.text_content(), cells[1].xpath("./a")[0].text_content()] == ["The Cellar", "A & B"]
    marks = [re.match(r"(\d) - \w+", cell.xpath("./img")[0].get("alt")) for cell in cells[2:4]]
    ratings = site.entry(cellar).ratings
    assert [int(mark[1]) for mark in marks if mark] == [ratings.length, ratings.difficulty]
    assert page.words("//h1/span").startswith("» ")


def test_story_page_has_ratings_and_a_play_button(site: Replica, cellar: Staged) -> None:
    browser = Browser()
    page = browser.get(site.story_url(cellar))
    assert page.words("//*[@id='ctl09']") == "The Cellar"
    ratings = site.entry(cellar).ratings
    text = page.words("/html/body/div[2]/div[1]/form")
    for name, mark in (("Difficulty", ratings.difficulty), ("Length", ratings.length), ("Level", ratings.maturity)):
        assert f"{name}{mark}/8" in text
    assert page.words("/html/body/div[2]/div[1]/form/div[5]") == "A story in 4 pages."
    (button,) = page.find("/html/body/div[2]/div[1]/form/div[6]/input[@type='submit']")
    (address,) = re.findall(r"'([^']*\?[0-9]+)'", button.get("onclick", ""))
    start = browser.get(urljoin(page.url, address))
    assert (start.url, start.title) == (site.viewer_url(cellar), "Stairs")
    assert browser.get(site.story_url(cellar) + ".aspx").body == page.body


def test_structure_of_a_viewer_page(site: Replica, cellar: Staged) -> None:
    page = Browser().get(site.viewer_url(cellar))
    assert page.words("//title").split(" :: ")[0] == "The Cellar"
    assert page.words("/html/body/div[2]/h1[@id='_storyTitle']") == "Stairs"
    assert page.prose == "Dark & cold.\nIt smells.\n\n%NAME waits."
    assert page.find(f"{BODY}[@style='padding:0px 30px 50px 30px']")
    marks = ("<!-- BEGIN MAIN -->", "<!-- Links -->", "<!-- Inventory -->", "<!-- END MAIN -->")
    places = [page.text.index(mark) for mark in marks]
    assert places == sorted(places)
    assert [label for _, label in page.links] == ["Go <down>", "Wait"]
    assert list(page.form) == ["__VIEWSTATE", "__VIEWSTATEGENERATOR", "SS", "pbAction", "pbValue"]
    assert page.headers["Set-Cookie"].startswith("ASP.NET_SessionId=")


def test_pages_of_some_stories_have_no_comments(cellar: Staged) -> None:
    with Replica([random_story(1), cellar]) as site:
        page = Browser().get(site.viewer_url(cellar))
    assert page.prose == "Dark & cold.\nIt smells.\n\n%NAME waits."
    assert "<!--" not in page.text


def test_quotes_in_onclick_are_plain_or_encoded() -> None:
    with Replica([random_story(1), random_story(2)]) as site:
        pages = [Browser().get(site.url + entry.viewer).text for entry in site.entries]
    links = [line for page in pages for line in page.splitlines() if "FollowLink" in line]
    assert {"&#39;" in line for line in links} == {True, False}


def test_page_without_links() -> None:
    staged = Staged(Story("Brief", "x", passages(Passage("x", "Done."))))
    with Replica([staged]) as site:
        page = Browser().get(site.viewer_url(staged))
    assert page.find("//*[@class='smallerText']")
    assert page.links == []


def test_unknown_addresses_are_errors(site: Replica) -> None:
    browser = Browser()
    assert browser.get(f"{site.url}/story/no-such").status == 404
    assert browser.get(f"{site.url}/Stories/Nowhere.aspx").status == 404
    assert browser.get(f"{site.url}/story/viewer/default.aspx?StoryId=1").status == 500
    assert browser.get(f"{site.url}/story/viewer/default.aspx").status == 500


# ---- records -------------------------------------------------------------------------------------------------


def test_requests_are_recorded_and_steps_counted(site: Replica, cellar: Staged) -> None:
    browser = Browser(agent="tester (t@example.org)")
    stairs = browser.get(site.viewer_url(cellar))
    number = site.entry(cellar).number
    wait = int(labelled(stairs, "Wait"))
    for _ in range(2):
        browser.follow(stairs, str(wait))
    assert site.served == {Step(number): 1, Step(number, "Stairs", wait): 2}
    assert site.repeated() == {Step(number, "Stairs", wait): 2}
    assert {request.agent for request in site.requests} == {"tester (t@example.org)"}
    assert [request.method for request in site.requests] == ["GET", "POST", "POST"]
    first, second, third = site.requests
    assert first.cookie == ""
    assert second.cookie == third.cookie != ""
    assert [request.shows for request in site.requests] == ["Stairs"] * 3
    assert len(site.gaps()) == 2
    assert min(site.gaps()) > 0
    assert site.most_at_once == 1
    assert site.paths() == [urlsplit(site.viewer_url(cellar)).path + f"?StoryId={number}"] * 3


def test_step_depends_on_items(site: Replica, cellar: Staged) -> None:
    browser = Browser()
    hall = open_hall(browser, site.viewer_url(cellar))
    nook = browser.follow(hall, labelled(hall, "Take the side way"))
    hall = browser.follow(nook, labelled(nook, "Go on"))
    browser.follow(hall, labelled(hall, "Take the side way"))
    assert site.repeated() == {}
    assert site.followed()[site.entry(cellar).number, "Hall", int(labelled(hall, "Take the side way"))] == 2


def test_opening_after_a_reset_is_not_a_second_opening(site: Replica, cellar: Staged) -> None:
    browser = Browser()
    hall = open_hall(browser, site.viewer_url(cellar))
    browser.follow(hall, labelled(hall, "Dream"))
    assert site.repeated() == {}
    browser.get(site.viewer_url(cellar))
    assert list(site.repeated().values()) == [2]


# ---- random stories and their comparison ---------------------------------------------------------------------


@given(seed=st.integers(0, 10**9))
def test_random_story_is_reachable_and_its_pages_differ(seed: int) -> None:
    staged = random_story(seed)
    story = staged.story
    assert staged == random_story(seed)
    assert story.reachable() == set(story.passages)
    assert story.dangling() == []
    names = [(name if staged.titled else "", plain(passage.text)) for name, passage in story.passages.items()]
    assert len(set(names)) == len(names)
    for item in staged.items:
        assert item.choice == len(story.passages[item.page].choices) - 1
    assert difference(story, story) == ""


def test_random_stories_have_all_difficult_features() -> None:
    stories = [random_story(seed) for seed in range(200)]
    found = set[str]()
    for staged in stories:
        found |= {extra.special for extra in staged.extras} | ({"items"} if staged.items else set())
        found |= set() if staged.titled else {"untitled"}
        for passage in staged.story.passages.values():
            targets = [choice.target for choice in passage.choices]
            labels = [choice.label for choice in passage.choices]
            into = [edge for edge in staged.story.edges() if edge[1].target == passage.name]
            found |= {"fifty"} if len(targets) >= 50 else set()
            found |= {"self"} if passage.name in targets else set()
            found |= {"two to one"} if len(set(targets)) < len(targets) else set()
            found |= {"one label"} if len(set(labels)) < len(labels) else set()
            found |= {"merge"} if len({source.name for source, _ in into}) > 1 else set()
            found |= {"empty"} if not passage.text else set()
            found |= {"unicode"} if not passage.text.isascii() else set()
    kinds = {"items", "untitled", "fifty", "self", "two to one", "one label", "merge", "empty", "unicode"}
    assert found == kinds | set(Special)


def test_differences_are_described() -> None:
    def story(text: str = "t", label: str = "l", target: str = "b", *more: Passage) -> Story:
        a = Passage("a", text, (Choice(label, target), Choice("home", "a")))
        return Story("s", "a", passages(a, Passage("b", "end"), *more))

    assert difference(story(), story("t ")) == ""
    assert "text" in difference(story(), story("u"))
    assert "choices" in difference(story(), story(label="k"))
    assert "not a passage" in difference(story(), story(target="z"))
    assert "too many" in difference(story(), story("t", "l", "b", Passage("c", "")))
    doubled = Story("s", "a", passages(Passage("a", "t", (Choice("l", "b"), Choice("l", "b"))), Passage("b", "")))
    apart = Story(
        "s", "a", passages(Passage("a", "t", (Choice("l", "b"), Choice("l", "c"))), Passage("b", ""), Passage("c", ""))
    )
    assert "leads to" in difference(doubled, apart)
    assert "became one" in difference(apart, doubled)
