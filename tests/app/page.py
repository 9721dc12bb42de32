"""A page as its markup: page.py FILE prints its visible text; it must be whole and stand alone."""
import html.parser
import re
import sys

VOID = {"meta", "br", "link", "img"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text, self.tags = [], [], set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attributes:
            assert name not in ("src", "href", "srcset", "action") and not name.startswith("on"), (tag, name)
            assert "&" not in name and "<" not in name, (tag, name)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, "</%s> closes %s" % (tag, self.open[-3:])
        self.open.pop()

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)


source = open(sys.argv[1], encoding="utf-8").read()
page = Page()
page.feed(source)
page.close()
assert source.startswith("<!DOCTYPE html>") and not page.open, page.open
assert {"svg", "style", "title", "table"} <= page.tags, page.tags
assert not page.tags & {"script", "img", "link", "iframe", "object", "base"}, page.tags
outside = re.search(r"https?:|//|url\(|@import|@font-face", re.sub(r"(?s)<body>.*", "", source))
assert not outside, outside
print(" ".join("".join(page.text).split()))
