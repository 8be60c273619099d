from overdoor_device.fault import FAULTS, blinks
from overdoor_device.lamp import blinking


def read(name):
    """What a maker sees: how many long and short blinks in a round."""
    edges = blinks(name)
    lit = [edges[i] - (edges[i - 1] if i else 0) for i in range(0, len(edges), 2)]
    return len([ms for ms in lit if ms > 500]), len([ms for ms in lit if ms < 500])


def test_each_fault_is_read_off_the_ring_and_off_no_other():
    seen = {}
    for name, (counts, sentence) in FAULTS.items():
        assert read(name) == counts
        assert counts not in seen, (name, seen[counts])
        seen[counts] = name
        assert sentence


def test_rounds_are_told_apart_by_a_pause():
    for name in FAULTS:
        edges = blinks(name)
        assert edges == sorted(edges)
        assert edges[-1] - edges[-2] >= 2000


def test_never_more_than_three_flashes_in_a_second():
    for name in FAULTS:
        edges = blinks(name)
        rises = edges[1::2]
        rises.insert(0, 0)
        assert all(rises[i + 3] - rises[i] > 1000 for i in range(len(rises) - 3))


def test_the_light_follows_the_rhythm():
    assert blinking([100, 300], 0) == (255, 100)
    assert blinking([100, 300], 99) == (255, 1)
    assert blinking([100, 300], 100) == (0, 200)
    assert blinking([100, 300], 300) == (255, 100)
