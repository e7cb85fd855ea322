"""The commands that change something and wait for the outcome: start, stop, restart, reload, wait."""

import time
from argparse import Namespace
from collections.abc import Mapping, Sequence

from mountd.cli import outcome, render
from mountd.cli.console import Console
from mountd.cli.outcome import Goal
from mountd.cli.reads import narrowed
from mountd.cli.text import moment, span
from mountd.core import verdict
from mountd.core.verdict import Document, Exit
from mountd.words.errors import MountdError

CALM = 2.0
"""Seconds after which a mount that looks as before the order is taken to stay so."""
_GOALS = {"remount": outcome.SWAPPED, "move": outcome.SWAPPED, "remove": outcome.STOPPED}
"""What each change of a plan leads to; any other one to what the configuration says."""


def start(console: Console, args: Namespace) -> int:
    """Mount what was stopped, or try at once what waits."""
    return _order(console, args, "Start", outcome.STARTED)


def stop(console: Console, args: Namespace) -> int:
    """Unmount and stay away until started again."""
    return _order(console, args, "Stop", outcome.STOPPED)


def restart(console: Console, args: Namespace) -> int:
    """Swap in a fresh worker."""
    return _order(console, args, "Restart", outcome.RESTARTED)


def reload(console: Console, args: Namespace) -> int:
    """Read the configuration again, show what changes, and wait for the mounts it touches."""
    plan, before = console.client.plan(), console.client.status()
    console.client.reload()
    return settle(console, args, plan, before)


def settle(console: Console, args: Namespace, plan: Document, before: Document) -> int:
    """Show what a reload that has been asked for changes, and wait for the mounts it touches."""
    goals = {change["name"]: _GOALS.get(change["change"], outcome.APPLIED) for change in plan["changes"]}
    if args.json:
        console.say_json(plan)
    else:
        console.say(render.plan(plan, console.style))
    if args.no_wait or not goals:
        return Exit.WELL
    return await_goals(console, args, goals, before, show=not args.json)


def wait(console: Console, args: Namespace) -> int:
    """Wait until the named mounts are proven; over at once when only a person can bring that."""
    narrowed(console.client.status(), args.name)

    def done(document: Document) -> bool:
        mounts = narrowed(document, args.name)["mounts"]
        return all(map(verdict.is_ready, mounts)) or any(map(verdict.needs_person, mounts))

    document = narrowed(console.client.follow(done, args.timeout), args.name)
    _report(console, args, document)
    mounts = document["mounts"]
    if all(map(verdict.is_ready, mounts)):
        return Exit.WELL
    # A stopped mount is well in a status, but not there for somebody who waits for its files.
    return Exit.DOWN if any(map(verdict.needs_person, mounts)) else verdict.of_mounts(mounts)


def _order(console: Console, args: Namespace, method: str, goal: Goal) -> int:
    before = console.client.status()
    names = list(_by_name(before) if args.all else dict.fromkeys(args.name))
    narrowed(before, names)
    worst, goals = Exit.WELL, {}
    for name in names:
        try:
            console.client.act(method, name)
            goals[name] = goal
        except MountdError as error:
            worst = max(worst, console.fail(error, name=name))
    if args.no_wait or not goals:
        return worst
    return max(worst, await_goals(console, args, goals, before))


def await_goals(
    console: Console, args: Namespace, goals: Mapping[str, Goal], before: Document, show: bool = True,
) -> Exit:
    """Follow every mount to its goal, show where each one got, and give the exit status."""
    old = _by_name(before)
    began = time.monotonic()
    shown: dict[str, str] = {}

    def done(document: Document) -> bool:
        calm = time.monotonic() - began >= CALM
        now = _by_name(document)
        for name in goals:
            state = now[name]["state"] if name in now else "gone"
            if shown.get(name, state) != state:
                console.progress(f"{name}: {state}")
            shown[name] = state
        return all(outcome.settled(goal, old.get(name), now.get(name), calm) for name, goal in goals.items())

    document = console.client.follow(done, args.timeout)
    now = _by_name(document)
    late = [name for name, goal in goals.items() if not outcome.reached(goal, old.get(name), now.get(name))]
    if show:
        _report(console, args, {**document, "mounts": [now[name] for name in goals if name in now]})
    if not done(document):
        names = ", ".join(late)
        over = span(args.timeout)
        console.warn([f"s3mountctl: not finished after {over}: {names}; s3mountd goes on by itself"])
    worst = verdict.of_mounts(now[name] for name in goals if name in now)
    return max(worst, Exit.DEGRADED) if late else worst


def _report(console: Console, args: Namespace, document: Document) -> None:
    mounts: Sequence[Document] = document["mounts"]
    if args.json:
        console.say_json(document)
        return
    now = moment(document["generated_at"])
    for mount in mounts:
        console.say(render.outcome(mount, now, console.style))


def _by_name(document: Document) -> dict[str, Document]:
    return {mount["name"]: mount for mount in document["mounts"]}
