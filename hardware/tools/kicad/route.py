"""Tracks for a board of few nets: A* on a grid of two layers, one net after the other.

Each net keeps off the copper of all others. Where a net finds no way, it is routed before them in
the next round. The ground is not routed: it is poured.
"""

import heapq
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

STEP = 0.25  # mm
_VIA = 12.0  # steps that a change of layer is worth
_BACK = 1.5  # a step on the back: its ground shall stay whole
_TURN = 0.6  # straight is nicer than stairs
_ROUNDS = 30

Node = tuple[int, int, int]  # column, row, layer (0 front, 1 back)


@dataclass(frozen=True, slots=True)
class Copper:
    """A pad, or what stands in the way on both layers: a rectangle around its middle, in mm."""

    net: str
    x: float
    y: float
    half_width: float
    half_height: float
    layers: tuple[int, ...]
    number: int = 0  # tells the pads of a net apart


@dataclass(frozen=True, slots=True)
class Track:
    """A straight piece of copper."""

    net: str
    start: tuple[float, float]
    end: tuple[float, float]
    layer: int
    width: float


@dataclass(frozen=True, slots=True)
class Via:
    """A hole that joins both layers."""

    net: str
    at: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rules:
    """Widths and distances, in mm. `edge` is kept from the board's edge."""

    width: float
    clearance: float
    via: float
    wide: frozenset[str]
    power: float
    edge: float

    def of(self, net: str) -> float:
        """How wide a net's tracks are."""
        return self.power if net in self.wide else self.width


class NoWayError(Exception):
    """A net cannot be routed among the others."""


def route(
    size: tuple[float, float], pads: Iterable[Copper], skip: frozenset[str], rules: Rules
) -> list[Track | Via]:
    """Tracks and vias for all nets but those to skip.

    Raises NoWayError, with its net, where no order of the nets was found that works.
    """
    made = list(pads)
    names = {pad.net for pad in made if pad.net} - skip
    order = sorted(names, key=lambda net: (net in rules.wide, _extent(made, net), net))
    for _ in range(_ROUNDS):
        done: list[Track | Via] = []
        for net in order:
            try:
                done += _net(size, made, done, net, rules)
            except NoWayError:
                if net == order[0]:
                    raise
                order = [net, *(each for each in order if each != net)]
                break
        else:
            return done
    raise NoWayError(order[0])


def _extent(pads: list[Copper], net: str) -> float:
    own = [pad for pad in pads if pad.net == net]
    across = max(p.x for p in own) - min(p.x for p in own)
    return across + max(p.y for p in own) - min(p.y for p in own)


class _Blocked:
    """Where the middle of a track, or of a via, of one net must not be."""

    def __init__(self, size: tuple[float, float], rules: Rules, half: float) -> None:
        self.columns, self.rows = round(size[0] / STEP), round(size[1] / STEP)
        self.off: tuple[set[tuple[int, int]], set[tuple[int, int]]] = (set(), set())
        self.half, self.clearance = half, rules.clearance
        self.margin = math.ceil((rules.edge + half) / STEP)

    def stamp(
        self, x: float, y: float, half_width: float, half_height: float, layers: Iterable[int]
    ) -> None:
        grow = self.half + self.clearance
        for column in range(
            math.floor((x - half_width - grow) / STEP),
            math.ceil((x + half_width + grow) / STEP) + 1,
        ):
            dx = max(abs(column * STEP - x) - half_width, 0)
            for row in range(
                math.floor((y - half_height - grow) / STEP),
                math.ceil((y + half_height + grow) / STEP) + 1,
            ):
                dy = max(abs(row * STEP - y) - half_height, 0)
                if math.hypot(dx, dy) < grow:
                    for layer in layers:
                        self.off[layer].add((column, row))

    def line(self, track: Track) -> None:
        length = math.dist(track.start, track.end)
        steps = max(1, math.ceil(length / (STEP / 2)))
        for n in range(steps + 1):
            x = track.start[0] + (track.end[0] - track.start[0]) * n / steps
            y = track.start[1] + (track.end[1] - track.start[1]) * n / steps
            self.stamp(x, y, track.width / 2, track.width / 2, (track.layer,))

    def free(self, node: Node) -> bool:
        column, row, layer = node
        inside = (
            self.margin <= column <= self.columns - self.margin
            and self.margin <= row <= self.rows - self.margin
        )
        return inside and (column, row) not in self.off[layer]


def _net(
    size: tuple[float, float], pads: list[Copper], done: list[Track | Via], net: str, rules: Rules
) -> list[Track | Via]:
    width = rules.of(net)
    track = _Blocked(size, rules, width / 2)
    via = _Blocked(size, rules, rules.via / 2)
    for blocked in (track, via):
        for pad in pads:
            if pad.net != net:
                blocked.stamp(pad.x, pad.y, pad.half_width, pad.half_height, pad.layers)
        for each in done:
            if isinstance(each, Via):
                blocked.stamp(*each.at, rules.via / 2, rules.via / 2, (0, 1))
            else:
                blocked.line(each)
    for pad in pads:  # no hole in a pad that is soldered flat
        if pad.net == net:
            via.stamp(pad.x, pad.y, pad.half_width, pad.half_height, (0, 1))
    own = [pad for pad in pads if pad.net == net]
    left = {pad.number: _nodes(pad, track) for pad in own}
    first = own[0].number
    tree: dict[Node, Copper | None] = dict.fromkeys(left.pop(first), own[0])
    by_number = {pad.number: pad for pad in own}
    found: list[Track | Via] = []
    while left:
        path, target = _path(tree, left, by_number, track, via, net)
        found += _pieces(path, net, width)
        ends = ((path[0], tree[path[0]]), (path[-1], by_number[target]))
        for node, at in ends:
            if at is not None and _mm(node) != (at.x, at.y):
                found.append(Track(net, _mm(node), (at.x, at.y), node[2], width))
        tree |= dict.fromkeys(left.pop(target), by_number[target])
        tree |= {node: None for node in path if node not in tree}
    return found


def _nodes(pad: Copper, track: _Blocked) -> list[Node]:
    """The grid's points on a pad where a track may begin, the nearest to its middle first."""
    spread = [
        (column, row, layer)
        for column in range(
            math.ceil((pad.x - pad.half_width) / STEP),
            math.floor((pad.x + pad.half_width) / STEP) + 1,
        )
        for row in range(
            math.ceil((pad.y - pad.half_height) / STEP),
            math.floor((pad.y + pad.half_height) / STEP) + 1,
        )
        for layer in pad.layers
    ]
    near = sorted(
        spread, key=lambda n: (round(math.hypot(n[0] * STEP - pad.x, n[1] * STEP - pad.y), 6), n)
    )
    inner = [n for n in near if track.free(n)]
    reach = 0.3
    return [
        n for n in inner if math.hypot(n[0] * STEP - pad.x, n[1] * STEP - pad.y) <= reach
    ] or inner[:2]


def _mm(node: Node) -> tuple[float, float]:
    return node[0] * STEP, node[1] * STEP


def _path(
    tree: dict[Node, Copper | None],
    left: dict[int, list[Node]],
    by_number: dict[int, Copper],
    track: _Blocked,
    via: _Blocked,
    net: str,
) -> tuple[list[Node], int]:
    """From the copper that a net has to the nearest of its pads that are left; A*."""
    goals = {node: number for number, nodes in left.items() for node in nodes}
    middles = [(by_number[number].x / STEP, by_number[number].y / STEP) for number in left]

    def ahead(node: Node) -> float:
        return min(math.hypot(node[0] - x, node[1] - y) for x, y in middles)

    best = dict.fromkeys(tree, 0.0)
    came: dict[Node, Node] = {}
    heap = [(ahead(node), node) for node in tree]
    heapq.heapify(heap)
    closed = set()
    while heap:
        _, node = heapq.heappop(heap)
        if node in closed:
            continue
        closed.add(node)
        if node in goals:
            path = [node]
            while path[-1] in came:
                path.append(came[path[-1]])
            return path[::-1], goals[node]
        for after, cost in _steps(node, track, via):
            total = (
                best[node]
                + cost
                + (_TURN if node in came and _turns(came[node], node, after) else 0)
            )
            if total < best.get(after, math.inf) - 1e-9:
                best[after] = total
                came[after] = node
                heapq.heappush(heap, (total + ahead(after), after))
    raise NoWayError(net)


def _steps(node: Node, track: _Blocked, via: _Blocked) -> Iterable[tuple[Node, float]]:
    column, row, layer = node
    factor = _BACK if layer else 1.0
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)):
        after = (column + dx, row + dy, layer)
        if track.free(after):
            yield after, factor * math.hypot(dx, dy)
    other = (column, row, 1 - layer)
    if via.free(node) and via.free(other) and track.free(other):
        yield other, _VIA


def _pieces(path: list[Node], net: str, width: float) -> Iterable[Track | Via]:
    """The straight pieces of a path, and its vias."""
    start = path[0]
    for n, node in enumerate(path[1:], 1):
        before = path[n - 1]
        if node[2] != before[2]:
            if start[:2] != before[:2]:
                yield Track(net, _mm(start), _mm(before), before[2], width)
            yield Via(net, _mm(node))
            start = node
        elif n + 1 == len(path) or _turns(before, node, path[n + 1]):
            if start[:2] != node[:2]:
                yield Track(net, _mm(start), _mm(node), node[2], width)
            start = node


def _turns(a: Node, b: Node, c: Node) -> bool:
    return (b[0] - a[0], b[1] - a[1], b[2] - a[2]) != (c[0] - b[0], c[1] - b[1], c[2] - b[2])


def room(
    size: tuple[float, float], pads: Iterable[Copper], done: Iterable[Track | Via], rules: Rules
) -> Callable[[float, float], bool]:
    """Tells where a via fits that touches none of all this copper."""
    blocked = _Blocked(size, rules, rules.via / 2)
    for pad in pads:
        blocked.stamp(pad.x, pad.y, pad.half_width, pad.half_height, (0, 1))
    for each in done:
        if isinstance(each, Via):
            blocked.stamp(*each.at, rules.via / 2, rules.via / 2, (0, 1))
        else:
            blocked.line(each)
    return lambda x, y: all(blocked.free((round(x / STEP), round(y / STEP), n)) for n in (0, 1))
