"""The queue before impatient callers: published numbers, limits, and a simulation of another."""

import math

import ciw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overdoor.insight.erlang import MOST_STAFF, ErlangA, staff_for

rates = st.floats(0.1, 10)
queues = st.builds(ErlangA, st.floats(0.01, 100), rates, rates, st.integers(1, 30))


def test_the_published_call_centre() -> None:
    """48 calls a minute, of a minute each, 50 agents, patience of 2 minutes.

    Garnett, Mandelbaum & Reiman, Designing a Call Center with Impatient Customers, 2002; the
    figures are as remembered, because the paper was not at hand.
    """
    queue = ErlangA(48, 1, 1 / 2, 50)
    assert queue.abandon == pytest.approx(0.031, abs=5e-4)
    assert queue.mean_wait * 60 == pytest.approx(3.7, abs=0.05)
    assert queue.queue == pytest.approx(3, abs=0.5)
    assert queue.occupancy == pytest.approx(0.93, abs=5e-3)


def test_its_limit_without_impatience_is_erlang_c() -> None:
    """As published, of the same call centre where nobody leaves."""
    queue = ErlangA(48, 1, 1e-9, 50)
    assert queue.mean_wait * 60 == pytest.approx(20.8, abs=0.05)
    assert queue.queue == pytest.approx(17, abs=0.5)
    assert queue.occupancy == pytest.approx(0.96, abs=5e-3)
    waits = queue.wait * math.exp(-(50 - 48) * 58.1 / 60)
    assert queue.within(58.1 / 60) == pytest.approx(1 - waits, abs=1e-6)
    assert queue.within(58.1 / 60) == pytest.approx(0.9, abs=1e-3)


def test_a_small_shop() -> None:
    """20 calls an hour of 3.5 minutes, patience of 4 minutes, a target of 60 s; by simulation."""
    shop = [ErlangA(20 / 60, 1 / 3.5, 1 / 4, staff) for staff in (1, 2, 3)]
    assert [round(queue.abandon, 2) for queue in shop] == [0.40, 0.12, 0.03]
    assert [round(queue.within(1), 2) for queue in shop] == [0.39, 0.76, 0.93]


@pytest.mark.parametrize("staff", [1, 3])
def test_a_simulation_of_the_queue_agrees(staff: int) -> None:
    arrivals, service, impatience, target = 20 / 60, 1 / 3.5, 1 / 4, 1.0
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(arrivals)],
        service_distributions=[ciw.dists.Exponential(service)],
        reneging_time_distributions=[ciw.dists.Exponential(impatience)],
        number_of_servers=[staff],
    )
    ciw.seed(3)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(20_000)
    calls = simulation.get_all_records()
    served = [c for c in calls if c.record_type == "service"]
    within = sum(c.waiting_time <= target for c in served)
    queue = ErlangA(arrivals, service, impatience, staff)
    assert queue.abandon == pytest.approx(1 - len(served) / len(calls), abs=0.015)
    assert queue.within(target) == pytest.approx(within / len(calls), abs=0.015)
    waited = sum(c.waiting_time for c in calls) / len(calls)
    assert queue.mean_wait == pytest.approx(waited, rel=0.05)


def test_as_many_servers_as_calls_need_is_a_queue_that_nobody_waits_in() -> None:
    """μ = θ: the number in the house is Poisson, whatever n is."""
    n, load = 7, 5.0
    queue = ErlangA(load, 1, 1, n)
    poisson = [math.exp(-load) * load**k / math.factorial(k) for k in range(n)]
    assert queue.wait == pytest.approx(1 - sum(poisson))


@pytest.mark.parametrize("staff", [1, 20, 100, 500])
@pytest.mark.parametrize("load", [0.01, 0.5, 1.0, 1.001, 3.0, 100.0])
@pytest.mark.parametrize("impatience", [1e-4, 0.5, 100.0])
def test_it_is_stable_for_any_staff_and_any_load(
    staff: int, load: float, impatience: float
) -> None:
    queue = ErlangA(load * staff, 1, impatience, staff)
    assert 0 <= queue.wait <= 1 + 1e-9
    assert 0 <= queue.abandon <= 1
    # All come in: they are served by those who are busy, or leave.
    assert queue.occupancy <= 1 + 1e-9
    assert queue.abandon >= 1 - 1 / load - 1e-9
    assert queue.within(0) == pytest.approx(1 - queue.wait, abs=1e-9)


@given(queues)
def test_with_all_the_time_of_the_world_only_those_fail_who_leave(queue: ErlangA) -> None:
    assert queue.within(1e4) == pytest.approx(1 - queue.abandon, abs=1e-6)


@given(queues, st.floats(0, 30), st.floats(0, 30))
def test_more_time_never_means_fewer_served(queue: ErlangA, one: float, other: float) -> None:
    assert queue.within(min(one, other)) <= queue.within(max(one, other)) + 1e-9


@given(queues, st.floats(0, 20))
def test_one_more_helps(queue: ErlangA, time: float) -> None:
    more = ErlangA(queue.arrivals, queue.service, queue.impatience, queue.staff + 1)
    assert more.within(time) >= queue.within(time) - 1e-9
    assert more.abandon <= queue.abandon + 1e-9


@given(queues, st.floats(0.1, 10), st.floats(0, 10))
def test_the_unit_of_time_does_not_matter(queue: ErlangA, unit: float, time: float) -> None:
    other = ErlangA(
        queue.arrivals * unit, queue.service * unit, queue.impatience * unit, queue.staff
    )
    assert other.abandon == pytest.approx(queue.abandon, abs=1e-9)
    assert other.within(time / unit) == pytest.approx(queue.within(time), abs=1e-9)


@given(st.floats(0, 100), st.floats(0.05, 0.99), st.floats(0, 5))
def test_the_staff_for_a_target_is_the_fewest(calls: float, level: float, time: float) -> None:
    staff = staff_for(level, time, calls, 1, 0.5)
    assert staff is not None
    assert ErlangA(calls, 1, 0.5, staff).within(time) >= level
    if staff > 1:
        assert ErlangA(calls, 1, 0.5, staff - 1).within(time) < level


def test_without_calls_one_is_enough() -> None:
    assert ErlangA(0, 1, 1, 1).within(0) == 1
    assert staff_for(0.99, 0, 0, 1, 1) == 1


def test_what_cannot_be_reached_has_no_staff() -> None:
    assert staff_for(0.8, -1, 20, 1, 1) is None
    assert staff_for(0.8, 0.01, 5000, 1, 1) is None


@pytest.mark.parametrize(
    ("arrivals", "service", "impatience", "staff"),
    [(1, 1, 1, 0), (1, 1, 1, MOST_STAFF + 1), (-1, 1, 1, 1), (1, 0, 1, 1), (1, 1, 0, 1)],
)
def test_what_is_no_queue_is_refused(
    arrivals: float, service: float, impatience: float, staff: int
) -> None:
    with pytest.raises(ValueError, match=r"people|rates"):
        ErlangA(arrivals, service, impatience, staff)
