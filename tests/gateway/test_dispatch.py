"""Who is asked to go, and why."""

from dataclasses import replace

from overdoor.core.dispatch import choose
from overdoor.core.events import Fact
from overdoor.core.inputs import DutyEnded, DutyPaused, DutyStarted, Need, Sighting, Verb
from overdoor.core.model import Plan, Step, changed

from .shop import Floor, a_plan

MINUTE = 60_000


def on_duty(floor: Floor, **zones: str) -> None:
    for duty, zone in zones.items():
        floor.sign_on(duty, zone)


def serve(floor: Floor, by: str, room: str, device: str) -> None:
    """Somebody serves a call of a room, and stands there afterwards."""
    floor.press(device)
    assert floor.say(Verb.ARRIVE, by, room)
    assert floor.say(Verb.CLOSE, by, room)


def nearest(floor: Floor, room: str = "w1") -> str:
    call = floor.call(room)
    assert call is not None
    (duty,) = choose(floor.shop, call, "nearest", floor.now).duties
    return duty


def test_the_nearest_of_the_free_is_asked_first() -> None:
    floor = Floor()
    on_duty(floor, ana="women", bob="men")
    floor.press("cp-w1")
    assert floor.paged() == [("ana",)]


def test_a_free_associate_goes_before_a_nearer_one_who_is_busy() -> None:
    floor = Floor()
    on_duty(floor, ana="women", bob="men")
    floor.press("cp-w2")
    floor.say(Verb.ACKNOWLEDGE, "ana", "w2")
    floor.press("cp-w1")
    assert floor.paged() == [("bob",)]


def test_whoever_served_the_visit_goes_before_somebody_nearer() -> None:
    floor = Floor()
    on_duty(floor, ana="women", bob="men")
    serve(floor, "bob", "w1", "cp-w1")
    floor.wait(5 * MINUTE)
    serve(floor, "bob", "m1", "button-m1")  # he walks off, 40 m away
    serve(floor, "ana", "w2", "cp-w2")  # she stands next door
    floor.press("cp-w1")
    assert floor.paged() == [("bob",)]


def test_after_the_visit_gap_the_nearest_goes_again() -> None:
    floor = Floor()
    on_duty(floor, ana="women", bob="men")
    serve(floor, "bob", "w1", "cp-w1")
    floor.wait(11 * MINUTE)
    serve(floor, "bob", "m1", "button-m1")
    floor.press("cp-w1")
    assert floor.paged() == [("ana",)]


def test_where_somebody_last_arrived_counts_more_than_where_they_signed_in() -> None:
    floor = Floor()
    on_duty(floor, ana="women", bob="men")
    serve(floor, "bob", "w2", "cp-w2")  # bob of men now stands 10 m from w1
    serve(floor, "ana", "m1", "button-m1")  # ana of women stands 40 m away
    floor.press("cp-w1")
    assert floor.paged() == [("bob",)]


def test_with_equal_distance_the_one_who_was_paged_less_goes() -> None:
    floor = Floor(a_plan(steps=(Step(0, "nearest"),)))
    on_duty(floor, ana="women", bob="women")
    asked = []
    for _ in range(4):
        floor.press("cp-w1")
        asked += floor.paged()
        floor.send(button="cancel")
    assert asked == [("ana",), ("bob",), ("ana",), ("bob",)]


def test_pages_of_more_than_a_quarter_of_an_hour_ago_are_forgotten() -> None:
    floor = Floor(a_plan(steps=(Step(0, "nearest"),)))
    on_duty(floor, ana="women", bob="women")
    floor.press("cp-w1")
    floor.send(button="cancel")
    floor.wait(16 * MINUTE)
    floor.press("cp-w1")
    assert floor.paged() == [("ana",)]


def test_with_nobody_in_the_zone_the_next_step_runs_at_once() -> None:
    steps = (Step(0, "zone"), Step(20_000, "shop"))
    floor = Floor(a_plan(steps=steps))
    on_duty(floor, bob="men")
    floor.press("cp-w1")
    assert floor.paged()[-1] == ("bob",)


def test_with_nobody_on_duty_the_manager_is_told_at_once() -> None:
    floor = Floor(a_plan(steps=(Step(0, "nearest"), Step(60_000, "manager"))))
    call = floor.press("cp-w1")
    assert call is not None
    assert call.manager


def test_whoever_signs_on_is_paged_for_a_call_that_reached_nobody() -> None:
    floor = Floor()
    floor.press("cp-w1")
    floor.sign_on("ana")
    assert floor.paged() == [("ana",)]


def test_whoever_signs_on_is_paged_even_when_the_manager_was_told_before() -> None:
    floor = Floor(a_plan(steps=(Step(0, "nearest"), Step(60_000, "manager"))))
    floor.press("cp-w1")
    floor.sign_on("ana")
    assert floor.paged() == [("ana",)]


def test_when_the_only_one_who_was_paged_signs_off_whoever_comes_is_paged() -> None:
    floor = Floor()
    floor.sign_on("ana")
    floor.press("cp-w1")
    floor.wait(2 * MINUTE)  # every step has run, and reached only her
    floor.do(DutyEnded("ana"))
    floor.sign_on("bob")
    assert floor.paged() == [("bob",)]


def test_whoever_declined_is_not_asked_again() -> None:
    floor = Floor()
    on_duty(floor, ana="women", bob="women")
    floor.press("cp-w1")
    floor.say(Verb.DECLINE, "ana")
    assert floor.paged() == [("bob",)]
    floor.wait(2 * MINUTE)  # zone and shop were asked meanwhile
    pages = [event.data["duties"] for event in floor.log if event.fact == "paged"]
    assert pages == [["ana"], ["bob"], ["bob"], ["bob"]]


def test_nobody_on_a_break_is_asked() -> None:
    floor = Floor()
    on_duty(floor, ana="women", bob="men")
    floor.do(DutyPaused("ana"))
    floor.press("cp-w1")
    assert floor.paged() == [("bob",)]


def test_the_steps_run_in_their_time_and_in_their_circle() -> None:
    floor = Floor()
    on_duty(floor, ana="women", bob="men", eve="women")
    floor.press("cp-w1")
    assert floor.paged() == [("ana",)]
    floor.wait(19_999)
    assert floor.call().paged == ("ana",)
    floor.wait(1)
    assert set(floor.call().paged) == {"ana", "eve"}
    floor.wait(40_000)
    assert set(floor.call().paged) == {"ana", "eve", "bob"}


def test_a_call_handed_to_a_zone_pages_that_zone_and_not_who_handed_it() -> None:
    floor = Floor()
    on_duty(floor, ana="women", bob="men", eve="women")
    floor.press("cp-w1")
    floor.say(Verb.ACKNOWLEDGE, "ana")
    assert floor.say(Verb.HAND_OFF, "ana", zone="men")
    assert floor.paged() == [("bob",)]


def test_a_wrong_tap_that_is_undone_costs_nothing() -> None:
    floor = Floor()
    floor.sign_on("ana")
    floor.press("cp-w1")
    floor.say(Verb.ACKNOWLEDGE, "ana")
    floor.wait(5000)
    assert floor.say(Verb.UNDO, "ana")
    assert floor.paged() == [("ana",)]


def test_a_press_again_pages_again_but_not_more_often_than_agreed() -> None:
    floor = Floor(a_plan(steps=(Step(0, "nearest"),)))
    floor.sign_on("ana")
    floor.press("cp-w1")
    floor.wait(19_999)
    floor.press("cp-w1")
    assert floor.paged() == []
    floor.wait(1)
    floor.press("cp-w1")
    assert floor.paged() == [("ana",)]


def test_the_reasons_are_stored_with_the_page() -> None:
    floor = Floor()
    on_duty(floor, ana="women", bob="men")
    floor.press("cp-w1")
    (page,) = [event for event in floor.events if event.fact == "paged"]
    assert page.data["target"] == "nearest"
    first, second = page.data["why"]
    assert (first["duty"], first["free"], first["metres"]) == ("ana", True, 5.0)
    assert (second["duty"], second["metres"]) == ("bob", 40.0)


def test_somebody_who_comes_back_from_a_break_can_be_asked() -> None:
    floor = Floor()
    floor.sign_on("ana")
    floor.do(DutyPaused("ana"))
    floor.press("cp-w1")
    floor.do(DutyStarted("ana", "women"))
    assert nearest(floor) == "ana"


# -- cluster, skills, burden, hand-off -----------------------------------------------------------


def next_door_plan() -> Plan:
    plan = a_plan()
    w2 = replace(plan.rooms["w2"], at=(3.0, 0.0))
    return replace(plan, rooms={**plan.rooms, "w2": w2})


def test_whoever_is_inside_next_door_is_asked_before_somebody_free_far_away() -> None:
    floor = Floor(next_door_plan())
    on_duty(floor, ana="women", bob="men")
    floor.press("cp-w1")
    floor.say(Verb.ARRIVE, "ana", "w1")
    floor.press("cp-w2")
    assert floor.paged() == [("ana",)]


def test_if_it_takes_too_long_everybody_of_the_zone_is_asked() -> None:
    floor = Floor(next_door_plan())
    on_duty(floor, ana="women", eve="women", bob="men")
    floor.press("cp-w1")
    floor.say(Verb.ARRIVE, "ana", "w1")
    floor.press("cp-w2")
    floor.wait(20_000)
    assert set(floor.paged()[-1]) == {"ana", "eve"}


def test_who_speaks_the_language_of_the_room_goes_before_somebody_nearer() -> None:
    plan = a_plan()
    room = replace(plan.rooms["w1"], skills=("bg",))
    floor = Floor(replace(plan, rooms={**plan.rooms, "w1": room}))
    on_duty(floor, ana="women")
    floor.do(DutyStarted("bob", "men", ("bg", "de")))
    floor.press("cp-w1")
    assert floor.paged() == [("bob",)]


def test_with_nobody_who_speaks_it_the_nearest_goes() -> None:
    plan = a_plan()
    room = replace(plan.rooms["w1"], skills=("el",))
    floor = Floor(replace(plan, rooms={**plan.rooms, "w1": room}))
    on_duty(floor, ana="women", bob="men")
    floor.press("cp-w1")
    assert floor.paged() == [("ana",)]


def test_what_is_needed_may_ask_for_a_department() -> None:
    floor = Floor(replace(a_plan(), need_skills={"ready-to-pay": ("till",)}))
    on_duty(floor, ana="women")
    floor.do(DutyStarted("bob", "men", ("till",)))
    floor.do(Need("w1", "ready-to-pay"))
    floor.press("cp-w1")
    assert floor.paged() == [("bob",)]


def test_who_had_their_share_of_pages_is_left_in_peace_while_others_had_not() -> None:
    floor = Floor(a_plan(pages_per_10_min=2))
    on_duty(floor, ana="women", bob="men")
    for _ in range(2):
        floor.press("cp-w1")
        assert floor.paged() == [("ana",)]
        floor.send("cp-w1", gesture="hold")
        floor.wait(3000)
    floor.shop = changed(floor.shop, rooms={})  # no prank: these were two visits
    floor.press("cp-w1")
    assert floor.paged() == [("bob",)]


def test_when_everybody_had_their_share_the_nearest_goes_all_the_same() -> None:
    floor = Floor(a_plan(pages_per_10_min=1))
    on_duty(floor, ana="women")
    floor.press("cp-w1")
    floor.press("cp-w2")
    assert floor.paged() == [("ana",)]


def test_a_call_handed_to_somebody_goes_to_them() -> None:
    floor = Floor()
    on_duty(floor, ana="women", eve="women", bob="men")
    floor.press("cp-w1")
    floor.say(Verb.ACKNOWLEDGE, "ana")
    assert floor.say(Verb.HAND_OFF, "ana", to="bob")
    assert floor.paged() == [("bob",)]


def test_a_call_cannot_be_handed_to_somebody_who_is_not_there() -> None:
    floor = Floor()
    on_duty(floor, ana="women")
    floor.press("cp-w1")
    floor.say(Verb.ACKNOWLEDGE, "ana")
    assert not floor.say(Verb.HAND_OFF, "ana", to="ghost")
    assert not floor.say(Verb.HAND_OFF, "ana", to="ana")


# -- badges ----------------------------------------------------------------------------------------


def with_badge(**policy: bool) -> Floor:
    floor = Floor(a_plan(**policy))
    floor.do(DutyStarted("ana", "women", badge="b-1"))
    floor.sign_on("bob", "women")
    for _ in range(3):
        floor.do(Sighting("button-m1", "b-1", -50))
    return floor


def test_whose_badge_was_heard_in_the_next_room_is_the_nearest() -> None:
    floor = with_badge(sightings=True)
    floor.press("button-m1")
    assert floor.paged() == [("ana",)]
    (why, _) = floor.events[-1].data["why"]
    assert (why["duty"], why["metres"], why["doubt_m"]) == ("ana", 0.0, 3.0)


def test_badges_are_not_located_unless_the_shop_says_so() -> None:
    assert with_badge().shop.seen == {}


def test_what_was_heard_leaves_no_trace_in_the_log() -> None:
    floor = with_badge(sightings=True)
    assert {event.fact for event in floor.log} <= {Fact.CONFIGURED, Fact.DUTY_STARTED}


def test_one_loud_moment_next_door_does_not_move_anybody() -> None:
    floor = with_badge(sightings=True)
    floor.do(Sighting("cp-w1", "b-1", -48))
    assert floor.shop.seen["b-1"].room == "m1"
    for _ in range(10):
        floor.do(Sighting("cp-w1", "b-1", -40))
    assert floor.shop.seen["b-1"].room == "w1"


def test_after_the_shift_a_badge_is_forgotten() -> None:
    floor = with_badge(sightings=True)
    floor.do(DutyEnded("ana"))
    assert floor.shop.seen == {}
