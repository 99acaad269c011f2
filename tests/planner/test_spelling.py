import pytest

from signoff.planner.spelling import read_words
from signoff.planner.tokens import tokenize


def words(text: str) -> list[str]:
    """The words of *text* as they are read."""
    return [token.word for token in read_words(tokenize(text))]


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("transer", "transfer"),
        ("tranfser", "transfer"),
        ("trransfer", "transfer"),
        ("trandfer", "transfer"),
        ("ransfer", "transfer"),
        ("Dollers", "dollars"),
        ("acccount", "account"),
        ("plaese", "please"),
    ],
)
def test_one_wrong_letter_in_what_is_to_be_done_is_mended(written: str, word: str) -> None:
    """A letter too many, too few, wrong, or two exchanged, in a word that can only be one; the text stays as it was written."""
    (token,) = read_words(tokenize(written))
    assert (token.word, token.text) == (word, written)


@pytest.mark.parametrize("written", ["trnsfr", "Alice", "sned", "chekcing", "fivty", "dollas", "transferred", "a" * 5_000])
def test_anything_else_stays_as_it_is(written: str) -> None:
    """Two wrong letters, names, numbers, short words, other words and what could be two are not mended."""
    assert words(written) == [written.lower()]


def test_names_of_several_words_are_one_word() -> None:
    """Names that hold a word which no other name does, and initials, are read as one word."""
    assert words("send 5 from Capital One to AT&T") == ["send", "5", "from", "capital one", "to", "at&t"]
    assert words("check my balance&deposit 5") == ["check", "my", "balance", "&", "deposit", "5"]
