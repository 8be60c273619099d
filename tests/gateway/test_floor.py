"""How far it is to walk."""

from dataclasses import replace
from math import dist

from hypothesis import given
from hypothesis import strategies as st

from overdoor.core.floor import Floor, Point
from overdoor.core.inputs import Verb

from .shop import Floor as Shop
from .shop import a_plan

coordinate = st.floats(-50, 50).map(lambda value: round(value, 2))
point = st.tuples(coordinate, coordinate)
# A wall along x = 5 with a door at the top, and a way point in the door.
WALL = (((5.0, 0.0), (5.0, 20.0)),)
DOOR = (5.0, 21.0)


def test_without_walls_it_is_the_straight_line() -> None:
    assert Floor((), ()).metres((0.0, 0.0), (3.0, 4.0)) == 5.0


def test_with_a_wall_it_is_the_way_through_the_door() -> None:
    here: Point = (4.0, 1.0)
    there: Point = (6.0, 1.0)
    assert Floor(WALL, (DOOR,)).metres(here, there) == dist(here, DOOR) + dist(DOOR, there)


def test_along_several_way_points_it_is_the_shortest() -> None:
    corners = ((5.0, 21.0), (7.0, 21.0), (5.0, 40.0))
    walls = (*WALL, ((6.0, 0.0), (6.0, 20.5)))
    metres = Floor(walls, corners).metres((4.0, 1.0), (7.0, 1.0))
    assert metres == dist((4.0, 1.0), corners[0]) + dist(corners[0], corners[1]) + 20.0


def test_a_room_that_is_walled_in_is_far_and_not_nowhere() -> None:
    assert Floor(WALL, ()).metres((4.0, 1.0), (6.0, 1.0)) == 6.0


@given(st.lists(st.tuples(point, point), max_size=6), st.lists(point, max_size=5), point, point)
def test_it_is_the_same_both_ways_and_never_shorter_than_straight(
    walls: list[tuple[Point, Point]], waypoints: list[Point], start: Point, end: Point
) -> None:
    floor = Floor(walls, waypoints)
    there, back = floor.metres(start, end), floor.metres(end, start)
    assert abs(there - back) < 1e-6
    assert there >= dist(start, end) - 1e-6


def test_the_nearest_by_air_is_not_sent_through_a_wall() -> None:
    plan = replace(
        a_plan(),
        walls=(((5.0, -100.0), (5.0, 100.0)),),
        waypoints=((5.0, 101.0),),
    )
    shop = Shop(plan)
    shop.sign_on("ana")
    shop.sign_on("bob")
    for duty, room, device in (("ana", "w2", "cp-w2"), ("bob", "w1", "cp-w1")):
        shop.press(device)
        assert shop.say(Verb.ARRIVE, duty, room)
        assert shop.say(Verb.CLOSE, duty, room)
    shop.wait(11 * 60_000)  # another visit
    shop.press("button-m1")
    assert shop.paged() == [("ana",)]  # m1 is on her side of the wall, and w1 is not far by air
