"""Load what a crawl needs before its first page, in the process that all crawls of the tests are forked from.

Scrapy imports its components when a crawl begins, soupsieve compiles its patterns at the first selector, and the cookie
middleware reads the list of public suffixes at the first cookie. Together that is most of what a small crawl costs.
"""

from importlib import import_module

from scrapy import Request
from scrapy.downloadermiddlewares.cookies import CookiesMiddleware
from scrapy.http import Response
from scrapy.settings import default_settings

from corpus.crawl import chooseyourstory

for component in (
    *default_settings.EXTENSIONS_BASE,
    *default_settings.DOWNLOADER_MIDDLEWARES_BASE,
    *default_settings.SPIDER_MIDDLEWARES_BASE,
    *default_settings.DOWNLOAD_HANDLERS_BASE.values(),
):
    import_module(component.rpartition(".")[0])

URL = "http://127.0.0.1/"
CookiesMiddleware().process_response(Request(URL), Response(URL, headers={"Set-Cookie": "name=value"}))
for html in ('<table id="MainContentPlaceHolder_StoriesGridView">', '<a class="dark1border">', '<div id="svbanner">'):
    chooseyourstory.read(html, URL)
