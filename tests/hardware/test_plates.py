"""Plates and cards: nothing is cut off, nothing is missing, the relief is where the button is."""

import re

import pypdfium2
import pytest
from hardware.tools import plates

WORDS = plates.words()


def flat(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("language", WORDS)
def test_every_word_is_on_the_page(language: str) -> None:
    document = pypdfium2.PdfDocument(plates.pdf(WORDS[language], language))
    assert len(document) == 1
    printed = flat(document[0].get_textpage().get_text_range())
    document.close()
    for key in plates.KEYS[1:]:
        assert flat(WORDS[language][key]) in printed


def test_there_are_six_languages_and_each_says_everything() -> None:
    assert list(WORDS) == ["en", "de", "bg", "el", "ru", "bs"]
    assert plates.check(WORDS) == []


def test_a_text_too_long_is_refused_and_not_cut() -> None:
    endless = WORDS["en"] | {"press": "Press this button here " * 20}
    with pytest.raises(plates.TooLongError, match="too long"):
        plates.pdf(endless, "en")


def test_the_same_words_make_the_same_file() -> None:
    assert plates.pdf(WORDS["el"], "el") == plates.pdf(WORDS["el"], "el")


def test_a_plate_has_the_size_of_a_room_card_so_that_one_frame_takes_either() -> None:
    from overdoor.printing import ROOM_MM

    assert plates._PLATE == ROOM_MM


def test_the_relief_says_how_high_it_is_and_leaves_the_button_its_hole() -> None:
    drawing = plates.tactile()
    assert "0.8 mm" in drawing
    assert re.search(r'<circle cx="45" cy="88" r="11.1"/>', drawing)  # 22.2 mm for the button
