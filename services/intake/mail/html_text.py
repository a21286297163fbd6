"""The text of an HTML mail as a person reads it: a line for a block, “label：value” for a row of a table. Pure, never recurses."""

import re
from html.parser import HTMLParser

BLOCKS = frozenset(
    {"div", "li", "ul", "ol", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "pre", "center", "hr"}
)
APART = frozenset({"p", "table", "blockquote"})
UNSEEN = frozenset({"script", "style", "head", "title", "template", "noscript"})
CELLS = frozenset({"td", "th"})
LONGEST_LABEL = 60
LABEL_END = re.compile(r"[\s:：]+$")
QUOTE_CLASSES = re.compile(r"gmail_quote|yahoo_quoted|moz-cite-prefix", re.IGNORECASE)
MARK = ' class="gmail_quote"'
TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<[!?][^<>]*>"
    r"|<(/?)([A-Za-z][A-Za-z0-9]*+)((?:[^<>\"'=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?+){0,60}+|[^<>]*+)>|<",
    re.DOTALL,
)
"""A comment, a declaration, a tag (what its attributes say in quotes may hold anything, as programs write it), or a stray <."""
DEEPEST_TABLE = 40


class _Text(HTMLParser):
    """Collects text. `cells` holds, for each row that is open, the texts of its cells; `parts` what is written now."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._outer: list[list[str]] = []
        self._rows: list[list[tuple[str, bool]]] = []
        self._hidden = 0
        self._quoted = 0
        self._quotes: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self._hidden += 1
        elif tag == "br":
            self._line()
        elif tag in {"blockquote", "div"}:
            kind = dict(attrs)
            is_quote = tag == "blockquote" or bool(QUOTE_CLASSES.search(kind.get("class") or ""))
            self._quotes.append(is_quote)
            self._quoted += is_quote
            self._apart() if is_quote else self._line()
        elif tag == "tr" and len(self._rows) < DEEPEST_TABLE:
            self._line()
            self._rows.append([])
        elif tag in CELLS and self._rows and len(self._outer) < DEEPEST_TABLE:
            self._outer.append(self.parts)
            self.parts = []
        elif tag in APART:
            self._apart()
        elif tag in BLOCKS:
            self._line()

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in {"blockquote", "div"}:
            was_quote = self._quotes.pop() if self._quotes else False
            self._quoted -= was_quote
            self._apart() if was_quote else self._line()
        elif tag in CELLS and self._outer and self._rows:
            text, self.parts = "".join(self.parts).strip(), self._outer.pop()
            self._rows[-1].append((text, tag == "th"))
        elif tag == "tr" and self._rows:
            self._end_row(self._rows.pop())
        elif tag in APART:
            self._apart()
        elif tag in BLOCKS:
            self._line()

    def handle_data(self, data: str) -> None:
        text = re.sub(r"[ \t\r\n\f]+", " ", data)
        at_start = not self.parts or self.parts[-1].endswith("\n")
        if not self._hidden and not self._quoted and not (at_start and text == " "):
            self.parts.append(text)

    def result(self) -> str:
        """Everything, with what was never closed."""
        self.close()
        while self._outer:
            text, self.parts = "".join(self.parts), self._outer.pop()
            self.parts.append(text)
        for row in self._rows:
            self._end_row(row)
        return "".join(self.parts)

    def _end_row(self, row: list[tuple[str, bool]]) -> None:
        """Pairs of label and value on a line each; a row of anything else is its cells below each other."""
        texts = [text for text, _ in row]
        paired = len(texts) >= 2 and len(texts) % 2 == 0 and all(_is_label(label) for label in texts[::2])
        pairs = zip(texts[::2], texts[1::2], strict=True) if paired else ()
        told = ((LABEL_END.sub("", label), re.sub(r"\n{2,}", "\n", value)) for label, value in pairs)
        lines = [f"{label}：{value}" if value else label for label, value in told] or [text for text in texts if text]
        for line in lines:
            self._line()
            self.parts.append(line)
        self._line()

    def _line(self) -> None:
        if self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")

    def _apart(self) -> None:
        self._line()
        if self.parts and self.parts[-1] != "\n\n":
            self.parts.append("\n\n")


def _is_label(text: str) -> bool:
    return 0 < len(text) <= LONGEST_LABEL and "\n" not in text


def _bare_tags(html: str) -> str:
    """`html` with its tags alone: no comments, no declarations, no attribute but the mark of a quotation; a stray < is text.

    The library's parser takes quadratic time over quotes and comments that never end; none are left to it. What stands in an
    attribute is no tag: whoever is quoted could end the quotation by it, and speak as the one who quotes them.
    """
    return TOKEN.sub(_bare, html)


def _bare(found: re.Match[str]) -> str:
    if found[2] is None:
        return "&lt;" if found[0] == "<" else ""
    marked = found[2].lower() == "div" and not found[1] and QUOTE_CLASSES.search(found[3])
    return f"<{found[1]}{found[2]}{MARK if marked else ''}>"


def text_of(html: str) -> str:
    """The visible text of `html`, whatever is wrong with its tags. Takes time in proportion to its length."""
    reader = _Text()
    reader.feed(_bare_tags(html))
    lines = [line.strip(" ") for line in reader.result().split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
