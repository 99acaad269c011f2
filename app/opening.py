"""What a command works on: the store, an engine under the policies file as it is now, and a planner."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from signoff.audit import Store, verify_policies

from .errors import LogInvalid, SignoffError
from .output import print_note
from .settings import Settings

if TYPE_CHECKING:
    from signoff.actions import Migration, Registry
    from signoff.planner import Planner, Talker
    from signoff.policies import Policy

    from .engine import Engine


@contextmanager
def open_engine(settings: Settings, *, create: bool = False, loading: bool = False) -> "Iterator[Engine]":
    """An engine that decides by the policies file; with *loading* one that is to take a pinned one's place."""
    from signoff.policies import load_policy

    from .engine import Engine
    from .registries import load_registry
    from .secret_sources import secrets_of
    from .vetting import vet

    if not create:
        check_database(settings)
    registry = load_registry(settings.actions)
    policy = load_policy(settings.policies, registry)  # before the store, so that a mistake in it makes no file
    if create and not settings.database.exists():
        vet(policy)
    with open_store(settings, create=create, migrations=registry.migrations) as store:
        engine = Engine(store, policy, registry, secrets=secrets_of(settings))
        if not loading:
            take_up(engine, settings)  # it may have changed before we saw what is in force
        yield engine


@contextmanager
def reading_engine(settings: Settings) -> "Iterator[Engine]":
    """An engine that reads: by what is pinned, or else by the policies file, or, where that cannot be used, by what is in force.

    Where it is not the policies file as it is now, that is told.
    """
    from signoff.policies import PoliciesInvalid, load_policy, parse_policy

    from .engine import Engine
    from .registries import load_registry
    from .secret_sources import secrets_of

    check_database(settings)
    registry = load_registry(settings.actions)
    with open_store(settings, migrations=registry.migrations) as store:
        pinned = note_pinned(store, settings)
        if pinned:
            policy = parse_policy(pinned[1], pinned[0], registry)
        else:
            try:
                policy = load_policy(settings.policies, registry)
            except PoliciesInvalid:
                found = policy_in_force(store, registry)
                if found is None:
                    raise
                policy = found
                print_note(f"{settings.policies} cannot be used, so this is by the rules in force (digest {found.digest[:8]})")
        yield Engine(store, policy, registry, secrets=secrets_of(settings))


def policy_in_force(store: Store, registry: "Registry") -> "Policy | None":
    """The policy that decided last, as it was; None where nothing was decided yet. Raises LogInvalid where it was altered."""
    from signoff.policies import parse_policy

    with store.read() as tx:
        verify_policies(tx)
        active = tx.active_policy()
        if active is None:
            return None
        name, source = tx.source(active)
    return parse_policy(source, name, registry)


def note_pinned(store: Store, settings: Settings) -> tuple[str, bytes] | None:
    """Tell, beside what is shown, that the policies file is not what is pinned; give the name and bytes of what is."""
    try:
        with store.read() as tx:
            pins = tx.pins()
            pinned = tx.source(str(pins.active)) if pins.pinned else None
    except (LogInvalid, ValueError):  # an altered log: whoever reads or decides by it is told
        return None
    if pinned is None:
        return None
    if _digest_of(settings) == pins.active:
        return None
    note = f"{settings.policies} is not what is pinned (digest {str(pins.active)[:8]}), so nothing is decided or run by it"
    print_note(note)
    return pinned


def _digest_of(settings: Settings) -> str:
    """The digest of the policies file, with the files of tables that it names; empty where it cannot be used."""
    from signoff.policies import load_policy

    from .registries import load_registry

    try:
        return load_policy(settings.policies, load_registry(settings.actions)).digest
    except SignoffError:
        return ""


def take_up(engine: "Engine", settings: Settings) -> None:
    """Decide by the policies file as it is now: a model, or somebody at a terminal, takes time in which it may be edited."""
    from signoff.policies import load_policy

    engine.take_up(lambda: load_policy(settings.policies, engine.registry))


def open_store(settings: Settings, *, create: bool = False, migrations: "Sequence[Migration]" = ()) -> Store:
    return Store.open(
        settings.database,
        create=create,
        key=settings.key,
        migrations=migrations,
        timeout=settings.timeout,
        lease=settings.lease,
    )


def check_database(settings: Settings) -> None:
    """Raises UsageError where there is no database: wrong use is told before anything else."""
    open_store(settings).close()


@contextmanager
def preview_engine(settings: Settings) -> "Iterator[Engine]":
    """An engine to preview with. Where there is no database yet, none is left behind."""
    if settings.database.exists():
        with open_engine(settings) as engine:
            yield engine
        return
    with TemporaryDirectory() as folder:
        elsewhere = replace(settings, database=Path(folder) / "db", key=None)
        with open_engine(elsewhere, create=True) as engine:
            yield engine


def make_planner(settings: Settings) -> "Planner":
    """Who plans. Chosen before a database is opened: wrong use is told before anything else, and leaves no file behind."""
    from .planners import choose_planner
    from .registries import load_registry

    return choose_planner(settings, load_registry(settings.actions))


def make_talker(settings: Settings) -> "Talker":
    """Who talks in a chat. Chosen before a database is opened, as `make_planner` says."""
    from .planners import choose_talker
    from .registries import load_registry

    return choose_talker(settings, load_registry(settings.actions))
