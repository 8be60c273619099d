"""The registry of measures is whole, and the docs say the same."""

from pathlib import Path

from overdoor.insight.measures import BY_ID, MEASURES, table

DOCS = Path(__file__).parents[2] / "docs"


def test_the_docs_have_the_table_of_the_registry() -> None:
    text = (DOCS / "metrics.md").read_text()
    missing = [line for line in table().splitlines() if line not in text]
    assert not missing, "put into docs/metrics.md what overdoor.insight.measures.table() says"
    assert table() in text


def test_no_two_measures_share_an_id_or_a_name() -> None:
    assert len(BY_ID) == len(MEASURES) == len({measure.name for measure in MEASURES})


def test_every_word_is_there() -> None:
    for measure in MEASURES:
        assert all((measure.definition, measure.formula, measure.source, measure.name)), measure.id
