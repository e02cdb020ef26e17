"""The polite crawler of branching stories.

- `page`: what a page of such a site says, whatever its HTML
- `chooseyourstory`: the HTML of chooseyourstory.com -> a page; another site is another module like it
- `explore`: one story: which link to follow next, what it was, and the graph that comes of it
- `journal`: every answer on disk before it counts, so that a killed crawl goes on
- `story`: the graph -> `corpus.story.Story`, and its file
- `addresses`: where a crawl may go: the hosts that were named, no private addresses
- `polite`: Scrapy's settings and middlewares: robots.txt, pace, retries, bounds
- `crawl`: the whole: from the addresses that the user gave to the files
- `progress`: how far it is, on the terminal
"""
