"""Actors: whose ids could be taken for somebody else's."""

import pytest

from signoff import Actor

DECEIVING = ["mi\nra", "mira\x1b[2K", "mira\u202e", "mira\u200b", "dana\u3164", "dana\ufe0f", "jose\u0301", "\udcff"]


@pytest.mark.parametrize("id_", ["", " ", " mira", "mira ", "m" * 101, *DECEIVING])
def test_ids_that_deceive_are_refused(id_: str) -> None:
    """An id that is empty, too long, padded, or holds what a screen would not show is refused."""
    with pytest.raises(ValueError, match="is no id"):
        Actor(id=id_)


def test_actor_says_how_it_is_known() -> None:
    """An actor's text tells the id and how it was established."""
    assert str(Actor(id="dana", os_user=1000)) == "dana (claimed, os user 1000)"
