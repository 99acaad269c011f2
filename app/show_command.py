"""What `signoff show` does: all that is known of a plan, an action or an approval."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import forms, output
from .canonical import Json
from .commands import print_plans
from .errors import Exit, UsageError
from .opening import reading_engine
from .settings import Settings
from .sign_commands import number_of

if TYPE_CHECKING:
    from .batches import Batch
    from .cards import Card
    from .engine import Engine
    from .story import Story


def show(options: argparse.Namespace, settings: Settings) -> Exit:
    """`signoff show ID`: of a plan (p-12ab), an action (p-12ab/2) or an approval (a12c), all that is known of it.

    `signoff show ID ID ...` shows approvals as they are decided together.
    """
    named, *more = options.ids
    plan, _, number = named.partition("/")
    with reading_engine(settings) as engine:
        if more:
            _print_batch(engine.batch(options.ids), settings)
        elif not plan.startswith("p-"):
            card = engine.card(named)
            story = engine.story(card.plan.id).of(card.approval.number)
            _print_story(lambda: _print_card(card), story, forms.card_json(card), engine, settings, headed=False)
        elif number or plan != named:
            story = engine.story(plan).of(number_of(named))
            if not story.actions:
                raise UsageError(f"{plan} has no action {number}; its actions are numbered 1 to {len(story.plan.actions)}")
            grounds = engine.sources(story.plan)
            actions = [forms.action_json(one.record, grounds.get(one.record.number)) for one in story.actions]
            told = forms.plan_json(story.plan) | {"actions": actions}
            _print_story(lambda: None, story, told, engine, settings)
        else:
            story, waiting = engine.story(plan), engine.approvals_of(plan)
            told = forms.plan_json(story.plan, waiting, engine.sources(story.plan))
            _print_story(lambda: print_plans(engine, [story.plan], settings), story, told, engine, settings)
    return Exit.DONE


def _print_story(
    before: Callable[[], None],
    story: "Story",
    told: dict[str, Json],
    engine: "Engine",
    settings: Settings,
    *,
    headed: bool = True,
) -> None:
    """Print a story, with its head where that was not shown *before* it; as JSON beside what is *told*."""
    from .story_forms import story_json
    from .story_output import format_story

    if settings.json:
        forms.print_json(told | story_json(story))
        return
    before()
    console = output.console()
    console.print()
    console.print(format_story(story, engine.policy, headed=headed))


def _print_batch(batch: "Batch", settings: Settings) -> None:
    if settings.json:
        forms.print_json(forms.batch_json(batch))
    else:
        from .drawing import format_batch

        output.console().print(format_batch(batch))


def _print_card(card: "Card") -> None:
    from .drawing import format_card

    output.console().print(format_card(card))
