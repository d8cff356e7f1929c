"""The documents of the repository, parsed: their sections, links and blocks of code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.support.paths import ROOT

PUNCTUATION = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Block:
    """A fenced block of code: its language, its text, and the line it begins on."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Document:
    """One Markdown file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        """The file as it is."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tokens(self) -> list[Token]:
        """The file as its parser sees it."""
        return MarkdownIt("commonmark").enable("table").parse(self.text)

    @cached_property
    def anchors(self) -> set[str]:
        """What a link to a heading of this file may name, as GitHub writes it."""
        found: dict[str, int] = {}
        for title in self.headings:
            slug = PUNCTUATION.sub("", title.lower()).replace(" ", "-")
            found[slug] = found.get(slug, -1) + 1
        return {f"{slug}-{i}" if i else slug for slug, n in found.items() for i in range(n + 1)}

    @property
    def headings(self) -> list[str]:
        """The headings in order, without their marks."""
        return [title for title, _ in self.sections]

    @cached_property
    def sections(self) -> list[tuple[str, str]]:
        """Each heading with the text below it, up to the next heading of any level."""
        lines = self.text.splitlines()
        starts = [
            (token.map[0], following.content.replace("`", ""))
            for token, following in zip(self.tokens, self.tokens[1:], strict=False)
            if token.type == "heading_open" and token.map
        ]
        ends = [line for line, _ in starts[1:]] + [len(lines)]
        return [
            (title, "\n".join(lines[line:end]))
            for (line, title), end in zip(starts, ends, strict=True)
        ]

    def section(self, title: str) -> str:
        """Return the text below a heading, or nothing if there is no such heading."""
        return dict(self.sections).get(title, "")

    @property
    def links(self) -> Iterator[str]:
        """The targets of links and images."""
        for token in self.tokens:
            for child in token.children or ():
                target = child.attrGet("href") or child.attrGet("src")
                if target:
                    yield str(target)

    @property
    def code(self) -> set[str]:
        """What is written as code within sentences and tables."""
        children = (child for token in self.tokens for child in token.children or ())
        return {child.content for child in children if child.type == "code_inline"}

    @property
    def blocks(self) -> Iterator[Block]:
        """The blocks of code; one that is only indented has no language."""
        for token in self.tokens:
            if token.type in ("fence", "code_block"):
                yield Block(token.info.strip(), token.content, (token.map or [0])[0] + 1)


def document(name: str) -> Document:
    """Return a document by its path from the root."""
    return Document(ROOT / name)


REFERENCE = tuple(Document(path) for path in sorted((ROOT / "docs").glob("*.md")))
EXAMPLES = (
    document("examples/README.md"),
    *(Document(path) for path in sorted((ROOT / "examples").glob("*/README.md"))),
)
DOCUMENTS = (
    *map(document, ("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md")),
    document("SECURITY.md"),
    *REFERENCE,
    *EXAMPLES,
)
