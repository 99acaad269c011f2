"""Text: what is accepted, what counts as one name, how it is shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.actions import fold_name, show_text
from signoff.actions.text import MAX_TEXT, accept_text


def test_text_is_composed() -> None:
    """Two ways to encode one letter become one text (NFC)."""
    assert accept_text("Cafe\u0301") == accept_text("Caf\u00e9") == "Caf\u00e9"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a\x00b", r"character 2 is U\+0000"),
        ("\x1b[31m", r"character 1 is U\+001B"),
        ("a\nb", r"U\+000A"),
        ("a\u202eb", r"U\+202E \(right-to-left override\)"),
        ("a\u2066b", r"U\+2066 \(left-to-right isolate\)"),
        ("a\u200bb", r"U\+200B"),
        ("\ufeffa", r"U\+FEFF"),
        ("a\u2028b", r"U\+2028"),
        ("\ud800", r"U\+D800"),
        ("\ue000", r"U\+E000"),
    ],
    ids=ascii,
)
def test_control_and_bidirectional_characters_are_refused(text: str, named: str) -> None:
    """Control, escape, bidirectional and other invisible characters are refused by place, number and name."""
    with pytest.raises(ValueError, match=named):
        accept_text(text)


@pytest.mark.parametrize("text", ["Zoë", "می\u200cخواهم", "李明", "O'Brien & Sons", "👍"])
def test_other_languages_are_accepted(text: str) -> None:
    """Text of any language is accepted, joiners that its writing needs included."""
    assert accept_text(text) == text


@pytest.mark.parametrize("text", ["a" * (MAX_TEXT + 1), "\u0958" * MAX_TEXT])
def test_long_text_is_refused(text: str) -> None:
    """Text over the limit is refused, also where only composing makes it so long."""
    with pytest.raises(ValueError, match=r"at most 10,000 are accepted"):
        accept_text(text)


@given(st.text(max_size=30))
def test_accepted_text_is_accepted_again_unchanged(text: str) -> None:
    """What was accepted once is accepted again as it is, so a stored action can always be loaded."""
    try:
        accepted = accept_text(text)
    except ValueError:
        return
    assert accept_text(accepted) == accepted == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    "name",
    [
        "alice",
        "ALICE",
        "  Alice ",
        "Аlice",
        "Alicе",
        "ＡＬＩＣＥ",
        "Αlice",
        "A\u200dlice",
        "\u00a0alice",
        "𝐀𝐥𝐢𝐜𝐞",
        "ᴀlice",
        "Ꭺlice",
    ],
    ids=ascii,
)
def test_spellings_of_one_name_fold_to_one(name: str) -> None:
    """Case, spacing, width, joiners and look-alike letters make no other name."""
    assert fold_name(name) == "alice"


@pytest.mark.parametrize(
    "invisible", list("\u034f\u115f\u1160\u17b4\u180b\u3164\ufe0e\ufe0f\uffa0\U000e0100\U000e01ef"), ids=ascii
)
def test_what_is_not_seen_makes_no_other_name(invisible: str) -> None:
    """Fillers and variation selectors, which texts may hold, are drawn as nothing: they make no other name."""
    assert fold_name(accept_text(f"Al{invisible}ice{invisible}")) == "alice"
    assert fold_name(invisible) == ""
    assert fold_name("Al\u2800ice\u2800") == "al ice"


def test_a_greek_capital_that_looks_latin_makes_no_other_name() -> None:
    """Greek capitals are told from Latin ones by nobody, also where their small letters differ."""
    assert fold_name("\u039cALL\u039fRY \u0396OO") == "mallory zoo"


@pytest.mark.parametrize("name", ["Alicia", "Alíce", "A lice", "Alice2", "Bob", ""])
def test_other_names_stay_others(name: str) -> None:
    """Other letters, accents and inner spaces make another name."""
    assert fold_name(name) != "alice"


def test_look_alikes_with_accents_fold_too() -> None:
    """A Cyrillic letter with a mark is the Latin one with that mark."""
    assert fold_name("Zo\u0451") == fold_name("Zo\u00eb")


@given(st.text(max_size=20))
def test_folding_twice_changes_nothing(name: str) -> None:
    """A folded name folds to itself."""
    assert fold_name(fold_name(name)) == fold_name(name)


def test_dangerous_characters_are_made_visible() -> None:
    """Control and bidirectional characters are shown by number, everything else as it is."""
    assert show_text("Pay \u202eecilA\x1b[2J, Zoë") == "Pay \\u{202e}ecilA\\u{1b}[2J, Zoë"
