"""What a parser of HTML sees in a report: ids, links, requests, scripts, text alternatives."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["Reading", "read"]

_VOID = {"meta", "link", "br", "wbr", "img", "hr", "input"}
_REQUESTING = {"src", "href", "xlink:href", "srcset", "action", "data", "poster"}


class Reading(HTMLParser):
    """Reads one page; elements that are not closed in order are *unbalanced*."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.unbalanced: list[str] = []
        self.text: dict[str, list[str]] = {}
        self.scripts: list[str] = []
        self.data: list[str] = []
        self._open: list[str] = []
        self._holds_data = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in _REQUESTING:
                self.links.append(value or "")
            elif name.startswith("on"):
                self.handlers.append(name)
        if tag == "script":
            self._holds_data = ("type", "application/json") in attrs
        if tag in {"svg", "img"}:
            self.pictures.append(dict(attrs))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            (self.data if self._holds_data else self.scripts).append(data)
        elif self._open and data.strip():
            self.text.setdefault(self._open[-1], []).append(data.strip())


def read(page: str) -> Reading:
    """Return what a parser sees in *page*."""
    reading = Reading()
    reading.feed(page)
    reading.close()
    reading.unbalanced.extend(reading._open)
    return reading
