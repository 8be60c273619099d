"""The bench test: `test/README.md` from `test/bench.toml` and the limits of `overdoor device test`."""

from typing import Any

from hardware.tools.files import markdown, toml

from overdoor.device import boardtest


def sheet() -> str:
    """The sheet to fill in."""
    out = [
        "# Bench test\n\n",
        "<!-- Made by `python -m hardware.tools make` from `bench.toml` and `gateway/overdoor/device/boardtest.py`. "
        "-->\n\n",
        "For each wired call point before it is hung up. Status: *designed*; nobody has done it yet. Stop at the first "
        "step that fails: those after it may break something. Print this page; write date, name, device id and the git "
        "commit on it.\n",
    ]
    for stage in stages():
        rows = [(s["id"], s["do"], limit(s), s["why"], " ") for s in stage["step"]]
        out += [f"\n## {stage['title']}\n\n{stage['needs']}\n\n"]
        out.append(markdown(("", "what to do", "limit", "why", "found"), rows))
    out.append(
        "\n## What `overdoor device test` holds against its limits\n\n"
        "It asks what you saw and lets you press. Everything else that only a board can show is in "
        "[the firmware's sheet](../../firmware/BOARD_TESTS.md).\n\n"
    )
    return "".join(out) + markdown(("row", "limit"), device_limits())


def stages() -> list[dict[str, Any]]:
    """The stages of the test, in order."""
    found: list[dict[str, Any]] = toml("test/bench.toml")["stage"]
    return found


def limit(step: dict[str, Any]) -> str:
    """What a step has to show."""
    if "see" in step:
        return str(step["see"])
    low, high, unit = step.get("low"), step.get("high"), step["unit"]
    if low is not None and high is not None:
        return f"{low:g} to {high:g} {unit}"
    return f"≥ {low:g} {unit}" if low is not None else f"≤ {high:g} {unit}"


def device_limits() -> list[tuple[str, ...]]:
    """The rows of the command in its order, with their limits."""

    def rows(*limits: tuple[str, str, int, str]) -> list[tuple[str, ...]]:
        return [
            (name, f"{'≥' if key in boardtest._AT_LEAST else '≤'} {most} {unit}")
            for name, key, most, unit in limits
        ]

    seen = [("ring", "seen"), ("lamp", "seen")]
    before = rows(*boardtest._FLASH, *boardtest._RING)
    return [*before, *seen, *rows(*boardtest._LOOKUP, *boardtest._SERVED)]
