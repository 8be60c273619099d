"""A shop in virtual time, from a seed: the real decisions in a world that tries to break them.

Real: the core, the engine, the bus's translation, the store's writing and loading on an SQLite
database, and the step of the device's firmware. Simulated: time, the network, the broker, the
disk, the death of processes, and people. The same seed gives the same day, to the last byte.

`script` draws what will happen, `world` lets it happen, `watch` holds it against the promises,
`story` tells it, `trial` runs many seeds and makes a failing one small. `history` is something
else: years of a shop in which nothing goes wrong, for its numbers.
"""

from overdoor.simulate.command import any_world, behind, made_up, many, one
from overdoor.simulate.history import HistoryError
from overdoor.simulate.script import Script, calm_day, rough_hour
from overdoor.simulate.trial import Trial, play, shrink, trials
from overdoor.simulate.watch import Broken
from overdoor.simulate.world import World

__all__ = [
    "Broken",
    "HistoryError",
    "Script",
    "Trial",
    "World",
    "any_world",
    "behind",
    "calm_day",
    "made_up",
    "many",
    "one",
    "play",
    "rough_hour",
    "shrink",
    "trials",
]
