"""The polite crawler for sites of branching stories.

- `page`: the content of a page, independent of its HTML
- `chooseyourstory`: reads the HTML of chooseyourstory.com; another site needs another module like it
- `explore`: one story: which link to follow next, what it turned out to be, and the resulting graph
- `journal`: saves every answer on disk before it is used, so that a killed crawl can continue
- `story_file`: turns the graph into a `corpus.story.Story` and writes its file
- `addresses`: which hosts a crawl may contact: those that were named, no private addresses
- `politeness`: Scrapy settings and middlewares for robots.txt, delays, retries and limits
- `crawler`: the whole crawl, from the user's addresses to the files
- `progress`: the progress line on the terminal
"""
