"""The options of ``check --against``: what they ask for, and that nothing else takes them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.analysis.gate import DEFAULT_LIMITS
from harness.command import against
from harness.errors import InputError
from harness.plan import Selection

if TYPE_CHECKING:
    from harness.against.versions import Request


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only")
    parser.add_argument("--results", type=Path, default=Path("results"))
    against.add_against_arguments(parser)
    return parser.parse_args(words)


def asked(monkeypatch: pytest.MonkeyPatch, *words: str) -> Request:
    """Return what would be measured for a command line."""
    requests: list[Request] = []
    monkeypatch.setattr(against, "measure_against", lambda request, *_: requests.append(request))
    against.measured_against(parsed(*words), ["bench/lookup.py"], DEFAULT_LIMITS)
    return requests[0]


def test_every_option_is_part_of_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "--against v1 -v task -v coroutine -p size=1,2 --preset standard --baseline task"
    words += " --loop uvloop --loop asyncio --python 3.12 --python python3 --only time --name mine"
    words += " --seed 7 --no-install"
    request = asked(monkeypatch, *words.split(), "--results", "kept")
    assert (request.ref, request.scenarios) == ("v1", ("bench/lookup.py",))
    assert request.selection == Selection(
        variants=("task", "coroutine"),
        params=(("size", ("1", "2")),),
        baseline="task",
        preset="standard",
        only="time",
        seed=7,
    )
    assert (request.loops, request.pythons) == (("uvloop", "asyncio"), ("3.12", "python3"))
    assert request.name == "mine"
    assert (request.results, request.install) == (Path("kept"), False)


def test_what_is_not_given_is_as_for_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    request = asked(monkeypatch, "--against", "main")
    assert request.selection == Selection()
    assert (request.loops, request.pythons) == (("asyncio",), ())
    assert (request.name, request.install) == (None, True)


@pytest.mark.parametrize(
    "words",
    [
        "--variant task",
        "--param size=1",
        "--preset quick",
        "--baseline task",
        "--loop asyncio",
        "--python python3",
        "--name mine",
        "--seed 0",
        "--no-install",
    ],
)
def test_nothing_is_measured_without_it_so_that_its_options_are_refused(words: str) -> None:
    with pytest.raises(InputError, match=f"^{words.split()[0]}: for measuring"):
        against.refuse_without_against(parsed(*words.split()))


def test_two_stored_runs_need_none_of_them() -> None:
    against.refuse_without_against(parsed("--only", "time"))
