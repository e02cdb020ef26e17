"""The replica's HTML: the structure that public scrapers of the site rely on, with other words and pictures.

If the site or its authors write something in several ways (quotes in `onclick`, elements around prose, an empty page,
lists with and without a column of numbers, pages with and without comments, the address of the Play button), the
replica uses each of them.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote
from zlib import crc32

from corpus.story import Story
from tests.corpus.crawl.graphs import Extra, Item, Special, Staged

LENGTHS = {1: "a page or two", 2: "a quick read", 3: "a tea break", 4: "an evening"}
"""The texts of the pictures of lengths and difficulties, by number."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a page, to the page `target` or to `special`; visible if the player has the item `needs`."""

    number: int
    label: str
    target: str = ""
    special: Special | None = None
    needs: Item | None = None


@dataclass(frozen=True, slots=True)
class Ratings:
    """The site's ratings of a story, 1 to 8."""

    length: int
    difficulty: int
    maturity: int


@dataclass(frozen=True)
class Entry:
    """A story on the site, with its number and address, and the numbers of its links."""

    number: int
    slug: str
    staged: Staged
    links: Mapping[str, tuple[Link, ...]]
    """By page; numbers increase in the order of the story."""
    ratings: Ratings
    category: str

    @property
    def story(self) -> Story:
        return self.staged.story

    @property
    def viewer(self) -> str:
        return f"/story/viewer/default.aspx?StoryId={self.number}"


def entries(stories: Iterable[Staged]) -> list[Entry]:
    """Return the stories with numbers that have gaps and don't begin at 1, like those of the site."""
    return [_entry(1000 + 37 * row, staged) for row, staged in enumerate(stories)]


def _entry(number: int, staged: Staged) -> Entry:
    story = staged.story
    numbers = itertools.count(3 + number % 50, 1 + number % 3)
    gates = {(item.page, item.choice): item for item in staged.items}
    extras: dict[str, list[Extra]] = {name: [] for name in story.passages}
    for extra in staged.extras:
        extras[extra.page].append(extra)
    links = {
        name: (
            *(
                Link(next(numbers), choice.label, target=choice.target, needs=gates.get((name, i)))
                for i, choice in enumerate(passage.choices)
            ),
            *(Link(next(numbers), extra.label, special=extra.special) for extra in extras[name]),
        )
        for name, passage in story.passages.items()
    }
    rated = story.provenance
    marks = (rated.length, rated.difficulty, rated.maturity) if rated else (None, None, None)
    ratings = Ratings(*(mark or 1 + (number // 37 + i) % 8 for i, mark in enumerate(marks)))
    category = re.sub(r"\W+", "_", story.genre.title()) or "Fantasy_Adventure"
    return Entry(number, f"{_slug(story.title)}-{number}", staged, links, ratings, category)


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "untitled"


# ---- lists and story pages -----------------------------------------------------------------------------------

_HEAD = (
    '<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml">\n<head><meta charset="utf-8" /><title>{title}</title>'
    '<link rel="stylesheet" type="text/css" href="/App_Themes/CYS/Styles.css" /></head>\n'
)
_MENU = (
    '<div id="masthead"><a href="/">Home</a> <a href="/Stories/">Stories</a> <a href="/forums/">Forums</a> '
    '<a href="/help/">Help</a> <a href="http://elsewhere.invalid/advert">Our friends</a></div>\n'
)


def _page(title: str, content: str) -> str:
    return f"{_HEAD.format(title=escape(title))}<body>\n{_MENU}{content}</body>\n</html>\n"


def index_page(site: Sequence[Entry]) -> str:
    """Return the page of categories, each with a few of its stories; the last two blocks are not categories."""
    blocks = []
    for category in sorted({entry.category for entry in site}):
        few = [entry for entry in site if entry.category == category][:3]
        rows = "".join(f'<li><a href="../story/{entry.slug}">{escape(entry.story.title)}</a></li>' for entry in few)
        blocks.append(
            f'<div class="dark1border"><h2>{escape(category.replace("_", " "))}</h2><ul>{rows}</ul>'
            '<div class="categoryBoxExtras">Sorted by rating</div>'
            f'<div class="categoryBoxExtras"><a href="{category}.aspx">See all of them</a></div></div>\n'
        )
    blocks.append('<div class="dark1border"><h2>Top stories</h2><a href="top.aspx">The best</a></div>\n')
    blocks.append('<div class="dark1border"><h2>Search</h2><input type="text" name="q" /></div>\n')
    return _page("Stories", f'<form method="post" action="./" id="ctl01">{"".join(blocks)}</form>')


def list_page(heading: str, rows: Sequence[Entry], *, numbered: bool) -> str:
    """Return the page of a category or of the top list: a table of stories, the title or a number in the first column.

    Only numbered rows have an id at their title.
    """
    names = ["Title", "Author", "Length", "Difficulty", "Rating"]
    head = "".join(f'<th scope="col">{name}</th>' for name in ([""] * numbered + names))
    table = "".join(_row(i, entry, numbered) for i, entry in enumerate(rows))
    return _page(
        heading,
        f'<h1><span>» {escape(heading)}</span></h1>\n<form method="post" action="./top.aspx" id="ctl01">'
        '<div><table cellspacing="0" id="MainContentPlaceHolder_StoriesGridView">'
        f"<tr>{head}</tr>{table}</table></div></form>\n",
    )


def _row(row: int, entry: Entry, numbered: bool) -> str:
    marks = "".join(
        f'<td><img src="/Images/{kind}{mark}.gif" alt="{mark} - {LENGTHS.get(mark, "more than that")}" /></td>'
        for kind, mark in (("length", entry.ratings.length), ("difficulty", entry.ratings.difficulty))
    )
    number = f"<td>{row + 1}.</td>" if numbered else ""
    name = f' id="MainContentPlaceHolder_StoriesGridView_HyperLink1_{row}"' if numbered else ""
    return (
        f'<tr>{number}<td><a{name} href="../story/{entry.slug}">{escape(entry.story.title)}</a></td>'
        f"<td>{_member('../member/', entry)}</td>{marks}"
        f"<td>{5 + row % 3}.{row % 100:02}</td></tr>\n"
    )


def _member(folder: str, entry: Entry) -> str:
    author = entry.story.author
    return f'<a href="{folder}?Username={quote(author)}">{escape(author)}</a>'


def story_page(entry: Entry) -> str:
    """Return a story's page, with the button that opens the viewer."""
    story, marks = entry.story, entry.ratings
    return (
        f"{_HEAD.format(title=escape(story.title))}<body>\n<div>{_MENU}</div>\n<div><div>"
        f'<form method="post" action="./{entry.slug}" id="ctl01">\n<div class="aspNetHidden">'
        f'<input type="hidden" name="__VIEWSTATE" value="" /></div>\n'
        f'<div><h1 id="ctl09">{escape(story.title)}</h1></div>\n'
        f"<div>by {_member('/member/', entry)}</div>\n"
        f"<div>Player Rating{marks.length}.50/8 based on 12 ratings since 01/02/2013, "
        f"played 345 times (finished 67)<br />"
        f"Story Difficulty{marks.difficulty}/8<br />Play Length{marks.length}/8<br />"
        f"Maturity Level{marks.maturity}/8 <i>(for readers of some age)</i></div>\n"
        f"<div>A story in {len(story.passages)} pages.</div>\n"
        f'<div><input type="submit" value="Play" onclick="window.location=&#39;{_play(entry)}&#39;;'
        'return false;" /></div>\n'
        f'<div>Tags: <a href="/Stories/{entry.category}.aspx">{escape(entry.category)}</a></div>\n'
        "<div><h2>Player Comments</h2><p>“Play it at <b>?99999</b>”, says a reader. Open the door!</p></div>\n"
        "</form></div></div></body></html>\n"
    )


def _play(entry: Entry) -> str:
    """Return where the Play button leads: with and without a slash at the end of the path."""
    forms = ("/story/viewer/?{}", "/story/viewer?{}", "/story/viewer?StoryId={}")
    return forms[entry.number % 3].format(entry.number)


# ---- the viewer ----------------------------------------------------------------------------------------------


def viewer_page(entry: Entry, page: str, text: str, links: Iterable[Link], items: Iterable[str], hidden: str) -> str:
    """Return a page of a story with its links and the player's items; `hidden` is the result of `hidden_inputs`."""
    title = entry.story.title
    anchors = "".join(_anchor(link) for link in links)
    choices = f"<ul>\n{anchors}</ul>" if anchors else '<p class="smallerText">There are no links on this page.</p>'
    carried = "".join(
        f'<tr><td><img src="/Images/item.gif" alt="" /></td><td><a href="#" '
        f'onclick="PostBack(&#39;UseItem&#39;,&#39;{i + 1}&#39;);return false;">{escape(item)}</a></td></tr>'
        for i, item in enumerate(items)
    )
    inventory = f"<table><tr><td>You carry:</td></tr></table>\n<table>{carried}</table>" if carried else ""
    begin, before_links, before_items, end = ("",) * 4 if entry.number % 2 else _MARKS
    return (
        f"{_HEAD.format(title=f'{escape(title)} :: Viewer')}<body>\n{_BANNER.format(slug=entry.slug)}"
        f'<div><h1 id="_storyTitle">{escape(page if entry.staged.titled else title)}</h1></div>\n'
        f'<div style="padding:0px 30px 50px 30px">\n{begin}\n'
        f"<div>{_prose(page, text)}</div>\n{before_links}\n{choices}\n"
        f"{before_items}\n{inventory}\n{end}\n</div>\n"
        f'<form method="post" action="./default.aspx?StoryId={entry.number}" id="pbForm">\n'
        f"{hidden}</form>\n</body>\n</html>\n"
    )


_MARKS = ("<!-- BEGIN MAIN -->", "<!-- Links -->", "<!-- Inventory -->", "<!-- END MAIN -->")
"""Comments before the parts of a page; the pages of some stories have none."""
_BANNER = (
    '<div id="svbanner"><ul><li><a href="#" onclick="PostBack(\'Back\',\'0\');return false;">Back</a></li>'
    '<li><a href="#" onclick="PostBack(&#39;Reset&#39;,&#39;0&#39;);return false;">Start over</a></li>'
    "<li><a href=\"#\" onclick=\"PostBack('Save','0');return false;\">Save</a></li>"
    '<li><a href="/story/{slug}">Leave</a></li></ul>'
    '<img src="/Images/storyviewer_masthead_logo.gif" alt="" /></div>\n'
)


def _anchor(link: Link) -> str:
    mark = ("'", "&#39;")[link.number % 2]
    call = f"PostBack({mark}FollowLink{mark},{mark}{link.number}{mark});return false;"
    return f'<li> <a onclick="{call}" href="#"> {escape(link.label)}</a> </li>\n'


def _prose(page: str, text: str) -> str:
    style = crc32(page.encode()) % 5
    if not text:
        return ("", "<p>&nbsp;</p>", "<p></p>", "<p><span></span></p>\n<p>&nbsp;</p>", "\n")[style]
    paragraphs = [escape(part, quote=style == 1).replace("\n", "<br />\n") for part in re.split(r"\n\s*\n", text)]
    if style == 2:
        return "\n".join(f'<p><span style="color:#333">{part}</span></p>' for part in paragraphs)
    if style == 3:
        return '<p><img src="/Images/map.png" alt="" /></p>' + "\n".join(
            f"<p><em>{part}</em></p>" for part in paragraphs
        )
    if style == 4:
        body = "\n".join(f"<p>{part}</p>" for part in paragraphs)
        return f'<style>p {{ color: red }}</style>{body}<script>localStorage.setItem("seen", "<p>1</p>");</script>'
    return "\n".join(f"<p>{part}</p>" for part in paragraphs)


def hidden_inputs(viewstate: str, state: str) -> str:
    """Return the fields of `#pbForm`, of which SS is the third."""
    fields = (
        ("__VIEWSTATE", viewstate),
        ("__VIEWSTATEGENERATOR", "7A2C1E90"),
        ("SS", state),
        ("pbAction", ""),
        ("pbValue", ""),
    )
    return "".join(
        f'<input type="hidden" name="{name}" id="{name}" value="{escape(value)}" />\n' for name, value in fields
    )


# ---- other pages ---------------------------------------------------------------------------------------------


def rate_page(entry: Entry) -> str:
    """Return the page after "End Game"."""
    return (
        f"{_HEAD.format(title='Rate a story')}<body>\n"
        f'<form method="post" action="/story/viewer/rate.aspx?StoryId={entry.number}" id="ctl01">\n'
        '<div class="aspNetHidden"><input type="hidden" name="__VIEWSTATE" value="" /></div>\n'
        '<div><a href="/">Home</a></div>\n'
        f"<div><h1>Rate {escape(entry.story.title)}</h1><p>How did you like it?</p>"
        '<select name="rating"><option>1</option><option>8</option></select> '
        '<input type="submit" value="Rate" /></div>\n</form></body></html>\n'
    )


def save_page(entry: Entry) -> str:
    """Return the page after "Save Game"."""
    return (
        f"{_HEAD.format(title='Save')}<body>\n"
        f'<form method="post" action="/story/viewer/save.aspx?StoryId={entry.number}" id="ctl01">\n'
        '<div class="aspNetHidden"></div><div><a href="/">Home</a></div><div></div>\n'
        "<div><div><p>Members can save their game. Log in first.</p>"
        '<p><a href="/login.aspx">Log in</a></p></div></div>\n'
        "</form></body></html>\n"
    )


def lost_page(entry: Entry) -> str:
    """Return the page for an unknown session."""
    return (
        f"{_HEAD.format(title='Storygame aborted')}<body>\n"
        f'<form method="post" action="./default.aspx?StoryId={entry.number}" id="ctl01">\n'
        "<div></div><div></div><div></div>\n<div><p>Your session has expired.</p><p>Nothing was saved.</p>"
        f'<p><a href="{entry.viewer}">Start over</a></p></div>\n</form></body></html>\n'
    )


def no_link_page() -> str:
    """Return the page for an unknown link."""
    return _page("Link Resultset not loaded", "<h2><i>Link Resultset not loaded</i></h2>")


def error_page(title: str) -> str:
    """Return the server's error page."""
    return _page(title, f"<h1>Server Error in '/' Application.</h1><h2><i>{escape(title)}</i></h2>")
