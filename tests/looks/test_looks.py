"""Every page, in every state that people meet, is one that everybody can use."""

from pathlib import Path

import pytest

from .check import Findings, check
from .stage import a_stage
from .stories import STORIES

_seen: dict[str, Findings] = {}

pytestmark = pytest.mark.timeout(900)  # the first test of a story goes through all of it


@pytest.fixture(params=STORIES)
async def findings(request: pytest.FixtureRequest, tmp_path: Path) -> Findings:
    """What was found in a story, which is gone through once for all tests."""
    name: str = request.param
    if name not in _seen:
        found = _seen[name] = Findings()
        async with a_stage(tmp_path) as stage:
            async for shown in STORIES[name](stage):
                await check(shown, found)
            found.strayed, found.told = stage.strayed, True
    assert _seen[name].told, "the story did not come to its end: see its first test"
    return _seen[name]


async def test_axe_finds_nothing_in_either_theme(findings: Findings) -> None:
    assert findings.seen > 0
    assert findings.axe == []


async def test_nothing_scrolls_sideways_on_a_narrow_screen_or_with_large_text(
    findings: Findings,
) -> None:
    assert findings.wide == []


async def test_nothing_is_in_english_only(findings: Findings) -> None:
    assert findings.english == []


async def test_the_tab_key_reaches_every_control_and_the_focus_is_seen(findings: Findings) -> None:
    assert findings.keyboard == []


async def test_nothing_moves_for_who_wants_no_motion(findings: Findings) -> None:
    assert findings.motion == []


async def test_nothing_comes_from_elsewhere_and_no_policy_is_broken(findings: Findings) -> None:
    assert findings.strayed == []
