"""All of them, by name."""

from . import floor, handheld, numbers, people, shopper
from .stage import Story

STORIES: dict[str, Story] = {
    story.__name__: story
    for story in (
        floor.a_day_on_the_floor,
        numbers.the_numbers,
        handheld.a_shift,
        handheld.a_dead_spot,
        shopper.a_call_by_the_card,
        shopper.no_call_by_the_card,
        shopper.thanks,
        shopper.a_tag_and_a_card,
        people.accounts,
        people.trust,
        people.the_demo,
    )
}
