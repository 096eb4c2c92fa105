"""lines.json: what is profiled is read as it was written, is bounded, and harms nobody."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import StoreError
from harness.measure.profiling import bounded
from harness.record import Attribution, Capture, Frame, Profile, Stack
from harness.store import RunFolder
from tests.profiles import profile_of, with_profiles, with_upkeep
from tests.runs import make_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FRAMES = st.builds(Frame, TEXTS, TEXTS, st.integers(0, 10_000))
STACKS = st.builds(
    Stack,
    st.lists(FRAMES, max_size=5).map(tuple),
    st.integers(1, 10**9),
    st.integers(0, 10**12),
)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.timezones())
CAPTURES = st.builds(
    Capture,
    MOMENTS,
    MOMENTS,
    st.integers(0, 10**12),
    TEXTS,
    st.lists(st.tuples(*[st.integers(0, 10**12)] * 3), max_size=3).map(tuple),
)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    stacks = tuple(draw(st.lists(STACKS, max_size=6)))
    frames = sorted({frame for stack in stacks for frame in stack.frames})
    texts = {frame: draw(TEXTS.filter(bool)) for frame in frames if draw(st.booleans())}
    seen = Attribution(
        draw(st.integers(1, 10**6)),
        stacks,
        draw(TEXTS),
        draw(st.none() | st.integers(0, 10**9)),
        draw(st.integers(0, 10**9)),
        texts,
    )
    return Profile(seen, draw(CAPTURES))


@pytest.fixture(autouse=True)
def _no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def stored(tmp_path: Path) -> RunFolder:
    folder = RunFolder.create(tmp_path, "first")
    folder.save(with_profiles(make_run(name="first", rounds=2, variants=("coroutine", "task"))))
    return folder


@given(profile=profiles())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
def test_any_profile_is_read_as_it_was_written(profile: Profile, tmp_path: Path) -> None:
    run = make_run(rounds=2, variants=("coroutine", "task"), instruments=("allocations",))
    (record,) = run.groups
    run = replace(run, groups=(replace(record, profiles={"task": bounded(profile)}),))
    folder = RunFolder(tmp_path / "run")
    folder.save(run)
    assert folder.load() == run


def test_turns_and_collections_are_read_as_they_were_written(tmp_path: Path) -> None:
    run = with_upkeep(make_run(rounds=2))
    folder = RunFolder(tmp_path / "run")
    folder.save(run)
    assert folder.load() == run


def test_a_run_that_does_not_tell_of_turns_and_collections_is_read(stored: RunFolder) -> None:
    path = stored.path / "run.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    for group in content["groups"]:
        for seen in group["observations"].values():
            del seen["turns"], seen["collections"]
    path.write_text(json.dumps(content), encoding="utf-8")
    (record,) = stored.load().groups
    assert {(seen.turns, seen.collections) for seen in record.observations.values()} == {(None, ())}


def test_there_is_a_line_for_each_case_and_no_file_where_nothing_was_profiled(
    stored: RunFolder,
) -> None:
    lines = (stored.path / "lines.json").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line.rstrip(","))["variant"] for line in lines[1:-1]] == [
        "coroutine",
        "task",
    ]
    stored.save(make_run(name="first", rounds=2))
    assert not (stored.path / "lines.json").exists()


def test_of_many_places_the_most_frequent_are_kept_and_nothing_is_lost_of_the_sum() -> None:
    stacks = tuple(
        Stack((Frame("x.py", "f", number), *[Frame("y.py", "g", 1)] * 500), number, 8 * number)
        for number in range(1, 1001)
    )
    profile = profile_of("task")
    seen = replace(profile.attribution, stacks=stacks)
    kept = bounded(replace(profile, attribution=seen)).attribution
    assert kept.allocations == seen.allocations
    assert sum(each.bytes for each in kept.stacks) == sum(each.bytes for each in stacks)
    assert len(kept.stacks) == 301
    assert max(len(each.frames) for each in kept.stacks) == 60
    assert kept.stacks[0].frames[0].line == 1000
    assert kept.stacks[-1].frames == (Frame("<other places>", "", 0),)


def test_what_is_kept_by_measuring_may_be_stored(tmp_path: Path) -> None:
    """The bounds of the one are within those of the other."""
    stacks = tuple(
        Stack((Frame("x" * 200, "f", number),) * 5000, 1, 1) for number in range(1, 5000)
    )
    profile = profile_of("task")
    memory = ((1, 1, 1),) * 100_000
    profile = Profile(
        replace(
            profile.attribution,
            stacks=stacks,
            sources={stacks[0].frames[0]: "y" * 100_000},
        ),
        replace(profile.capture, memory=memory),
    )
    run = make_run(rounds=2, variants=("coroutine", "task"))
    (record,) = run.groups
    run = replace(run, groups=(replace(record, profiles={"task": bounded(profile)}),))
    folder = RunFolder(tmp_path / "run")
    folder.save(run)
    assert folder.load() == run


def _deeper(case: dict[str, Any]) -> None:
    case["stacks"][0][0] *= 1000


def _longer(case: dict[str, Any]) -> None:
    case["stacks"] *= 2000


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda case: case.update(variant="mien"), "mien is no variant of its group"),
        (lambda case: case.update(operations=0), "operations=0: expected from 1"),
        (lambda case: case.update(hook=-1), "hook=-1"),
        (lambda case: case["stacks"][0].__setitem__(1, 0), "allocations=0: expected from 1"),
        (lambda case: case["stacks"][0].__setitem__(0, [99]), "a frame that is not listed"),
        (lambda case: case["stacks"][0].__setitem__(0, [-1]), "a frame that is not listed"),
        (lambda case: case["frames"][0].__setitem__(2, 10**9), "line=1000000000"),
        (lambda case: case["frames"][0].__setitem__(0, "x" * 20_000), "a text of 20,000"),
        (lambda case: case["capture"].update(started="2025-01-01T12:00:00"), "timezone"),
        (_deeper, "a stack of more than 100 frames"),
        (_longer, "more than 1,000 stacks"),
    ],
)
def test_what_no_profile_can_hold_is_refused_in_one_line(
    spoil: Callable[[dict[str, Any]], None], told: str, stored: RunFolder
) -> None:
    path = stored.path / "lines.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    spoil(content["cases"][0])
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        stored.load()
    assert told in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
