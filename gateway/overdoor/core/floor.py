"""How far it is to walk: straight where one can see, round the walls where one cannot.

Way points are places where one turns: a door, the end of a shelf. A walk goes from a point to a way
point in sight, from there over others, and from the last one in sight to where one is going. The
ways between way points are worked out once (Floyd-Warshall).
"""

from collections.abc import Sequence
from functools import lru_cache
from math import dist, inf

Point = tuple[float, float]
Wall = tuple[Point, Point]

UNREACHABLE_FACTOR = 3.0  # a plan with a room walled in is a mistake; it is far, not nowhere


class Floor:
    """The walls and way points of a floor plan, in metres."""

    def __init__(self, walls: Sequence[Wall], waypoints: Sequence[Point]) -> None:
        self._walls = tuple(walls)
        self._waypoints = tuple(waypoints)
        self._ways = self._shortest_ways()
        self.metres = lru_cache(maxsize=65_536)(self._metres)

    def _metres(self, start: Point, end: Point) -> float:
        """The length of the shortest walk; three times the straight line if there is none."""
        straight = dist(start, end)
        if self._in_sight(start, end):
            return straight
        first = [(index, dist(start, at)) for index, at in self._seen_from(start)]
        last = [(index, dist(at, end)) for index, at in self._seen_from(end)]
        shortest = min(
            (before + self._ways[a][b] + after for a, before in first for b, after in last),
            default=inf,
        )
        return shortest if shortest < inf else UNREACHABLE_FACTOR * straight

    def _seen_from(self, point: Point) -> list[tuple[int, Point]]:
        return [
            (index, at) for index, at in enumerate(self._waypoints) if self._in_sight(point, at)
        ]

    def _in_sight(self, start: Point, end: Point) -> bool:
        return not any(_cross(start, end, *wall) for wall in self._walls)

    def _shortest_ways(self) -> list[list[float]]:
        points = self._waypoints
        ways = [[dist(a, b) if self._in_sight(a, b) else inf for b in points] for a in points]
        for middle in range(len(points)):
            for row in ways:
                through = row[middle]
                if through < inf:
                    for index, onward in enumerate(ways[middle]):
                        row[index] = min(row[index], through + onward)
        return ways


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two segments cross or touch."""
    one, two = _side(a, b, c), _side(a, b, d)
    three, four = _side(c, d, a), _side(c, d, b)
    if ((one > 0) != (two > 0) and one * two != 0) and (
        (three > 0) != (four > 0) and three * four != 0
    ):
        return True
    return any(
        side == 0 and _between(point, start, end)
        for side, point, start, end in (
            (one, c, a, b),
            (two, d, a, b),
            (three, a, c, d),
            (four, b, c, d),
        )
    )


def _side(a: Point, b: Point, point: Point) -> float:
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])


def _between(point: Point, start: Point, end: Point) -> bool:
    return min(start[0], end[0]) <= point[0] <= max(start[0], end[0]) and min(
        start[1], end[1]
    ) <= point[1] <= max(start[1], end[1])
