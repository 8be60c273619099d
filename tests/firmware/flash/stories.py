"""What happens to a device: one story that has everything in it, and any number by chance."""

import random

# Long enough that the journal is rewritten during a press, in a quiet moment and at a restart.
STORY = (
    [("press",), ("press",), ("press",), ("press",), ("press", "presence"), ("fault",)]
    + [("power_cut",), ("press",), ("connect",), ("press", "presence"), ("receipt",), ("press",)]
    + [("receipt",), ("disconnect",), ("tend",)]
    + [("press", "call"), ("press", "presence"), ("fault",), ("restart",)]
    + [("press", "cancel"), ("restart",), ("connect",), ("deafen",), ("press",)]
    + [("press", "presence"), ("disconnect",)]
    + [("power_cut",), ("press",), ("press",), ("press",), ("connect",), ("receipt",), ("tend",)]
    + [("press",), ("receipt",), ("press", "presence"), ("receipt",), ("press",), ("receipt",)]
    + [("press", "presence"), ("press",), ("power_cut",), ("connect",), ("receipt",), ("tend",)]
)

_CHANCES = (
    [("press",)] * 8
    + [("press", "presence")] * 4
    + [("fault",)] * 3
    + [("connect",)] * 3
    + [("disconnect",)] * 2
    + [("receipt",)] * 5
    + [("deafen",), ("wait",), ("tend",), ("tend",), ("restart",), ("power_cut",)]
)


def by_chance(seed: int) -> tuple:
    """Steps, and where the power goes: [(operation, how much of it is done), ...], life by life."""
    random.seed(seed)
    steps = [random.choice(_CHANCES) for _ in range(random.randint(10, 45))]
    cuts = [(random.randint(1, 40), random.randint(0, 2)) for _ in range(random.randint(0, 6))]
    return steps, cuts
