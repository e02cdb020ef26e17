"""TOML files: values are read back unchanged. Errors are tested with scenarios and settings."""

from hypothesis import given
from hypothesis import strategies as st

from corpus.text import printable
from dungeon.scenarios.model import Scenario
from dungeon.storage.tomlfile import read_toml, to_toml
from dungeon.tale.lore import Card

TEXT = st.text().map(printable)


@given(TEXT, st.text(st.sampled_from("\"\\\n 'a")), st.lists(TEXT), st.booleans(), st.integers(0, 99))
def test_any_text_survives_the_file(title: str, opening: str, keys: list[str], flag: bool, depth: int) -> None:
    cards = (Card(tuple(keys), opening, always=flag, whole_word=flag, depth=depth),)
    scenario = Scenario(title, opening, cards=cards, actions=(title, opening))
    assert read_toml(to_toml(scenario).encode(), Scenario, "x") == scenario
