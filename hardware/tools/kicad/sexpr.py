"""KiCad's files are S-expressions: lists in brackets of bare words, numbers and quoted texts."""

import re
from collections.abc import Iterator
from typing import TypeAlias

_TOKEN = re.compile(r'\s*(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|([^\s()"]+))')
_ESCAPE = re.compile(r"\\(.)")


class Word(str):
    """A bare word or a number; a plain `str` stands in quotes."""

    __slots__ = ()


Node: TypeAlias = "Word | str | list[Node]"


def parse(text: str) -> list[Node]:
    """The outermost list of a file.

    Raises ValueError where brackets do not match.
    """
    stack: list[list[Node]] = [[]]
    at = 0
    while match := _TOKEN.match(text, at):
        at = match.end()
        opening, closing, quoted, bare = match.groups()
        if opening:
            stack.append([])
        elif closing:
            if len(stack) < 2:
                raise ValueError(f"A bracket too many at character {at}.")
            done = stack.pop()
            stack[-1].append(done)
        elif bare is not None:
            stack[-1].append(Word(bare))
        else:
            stack[-1].append(_ESCAPE.sub(lambda m: "\n" if m[1] == "n" else m[1], quoted))
    outermost = stack[0][0] if len(stack[0]) == 1 else None
    if len(stack) != 1 or text[at:].strip() or not isinstance(outermost, list):
        raise ValueError("The brackets do not match.")
    return outermost


def write(node: list[Node]) -> str:
    """A list as a file: lists within it on lines of their own, unless they hold words alone."""
    return "".join(_write(node, 0)) + "\n"


def _write(node: Node, depth: int) -> Iterator[str]:
    if not isinstance(node, list):
        yield _atom(node)
        return
    flat = all(not isinstance(each, list) for each in node)
    yield "("
    for n, each in enumerate(node):
        if isinstance(each, list) and not flat:
            yield "\n" + "  " * (depth + 1)
        elif n:
            yield " "
        yield from _write(each, depth + 1)
    yield ")"


def _atom(value: str) -> str:
    if isinstance(value, Word):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def number(value: float) -> Word:
    """A number, to a tenth of a micrometre."""
    return Word(f"{round(value, 4):g}" if abs(value) < 1e5 else f"{value:.4f}")


def form(name: str, *values: "Node | float") -> list[Node]:
    """A list that begins with a word; numbers are written as such."""
    return [
        Word(name),
        *(number(v) if isinstance(v, int | float) else v for v in values),
    ]


def named(node: list[Node], name: str) -> Iterator[list[Node]]:
    """The lists directly in a list that begin with a word."""
    for each in node:
        if isinstance(each, list) and each and each[0] == name:
            yield each


def one(node: list[Node], name: str) -> list[Node]:
    """The only or first such list.

    Raises KeyError where there is none.
    """
    for each in named(node, name):
        return each
    raise KeyError(name)


def text(node: Node) -> str:
    """A node that is no list."""
    assert isinstance(node, str)
    return node
