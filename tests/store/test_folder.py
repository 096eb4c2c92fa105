"""Store: what is written is read again, whole, and nothing else is ever taken for it."""

from __future__ import annotations

import csv
import errno
import getpass
import itertools
import json
import os
import re
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import InputError, StoreError
from harness.plan import Group, Plan, Preset, Runtime
from harness.record import (
    AllocationKind,
    Allocations,
    Conditions,
    Finding,
    GroupRecord,
    Observation,
    Run,
    RunStatus,
    Severity,
    Timing,
)
from harness.store import RunFolder, check_name, find_run, latest_name
from harness.store.schema import SCHEMA
from tests.runs import make_run

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = {"run.json", "timing.json", "allocations.json", "summary.csv"}
COLUMNS = (
    "scenario,params,variant,python,loop,baseline,time_ns,time_ns_low,time_ns_high,ratio,"
    "ratio_low,ratio_high,allocations,bytes,peak_bytes,suspensions,tasks,rounds,values,status"
)
in_one_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)


@pytest.fixture(autouse=True)
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Wait for no disk; give the descriptors of the files that would have been waited for."""
    descriptors: list[int] = []
    monkeypatch.setattr(os, "fsync", descriptors.append)
    return descriptors


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def stored(results: Path) -> RunFolder:
    """Give the folder of a stored run."""
    folder = RunFolder.create(results, "first")
    folder.save(make_run(name="first", rounds=2))
    return folder


_again = itertools.count()


def saved_and_loaded(run: Run, results: Path) -> Run:
    folder = RunFolder.create(results, f"run{next(_again)}")
    folder.save(run)
    return folder.load()


class TestRoundTrip:
    @pytest.mark.parametrize(
        "run",
        [
            make_run(),
            make_run(sync_ratios=(0.0, 0.5, 1.0), measured=2),
            make_run(scenarios=("one", "two"), extra={"size": (1, 64), "policy": ("lru", "fifo")}),
            make_run(instruments=("time",)),
            make_run(instruments=("allocations",)),
            make_run(unavailable=(("eager_task", "needs Python 3.12"),)),
            make_run(runtime=Runtime("3.12.1", loop="uvloop")),
            make_run(measured=0),
            make_run(findings=(Finding(Severity.HINT, "ünïcode “quoted”", "do\nnothing"),)),
        ],
        ids=str,
    )
    def test_a_run_is_read_as_it_was_written(self, run: Run, results: Path) -> None:
        assert saved_and_loaded(run, results) == run

    def test_what_a_runtime_lacks_is_kept(self, results: Path) -> None:
        run = make_run(runtime=Runtime("3.13.0", without_native="not built for this Python"))
        (group,) = saved_and_loaded(run, results).plan.groups
        assert group.runtime.without_native == "not built for this Python"

    def test_a_run_that_does_not_say_what_its_runtime_lacks_is_read(
        self, stored: RunFolder
    ) -> None:
        path = stored.path / "run.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        for group in content["plan"]["groups"]:
            del group["runtime"]["without_native"]
        path.write_text(json.dumps(content), encoding="utf-8")
        assert stored.load().plan.groups[0].runtime.without_native == ""

    def test_the_reference_run_is_read(self) -> None:
        run = find_run(Path(__file__).parents[2] / "results", "reference").load()
        assert len(run.groups) == len(run.plan.groups)

    def test_a_count_that_is_a_little_less_than_nothing_is_kept(self, results: Path) -> None:
        run = make_run(rounds=2)
        kinds = (AllocationKind("MALLOC", 640, -1 / 300),)
        counted = Allocations(-1 / 300, -640 / 300, 0, 300, kinds)
        record = replace(run.groups[0], allocations={"task": counted})
        run = replace(run, groups=(record,))
        assert saved_and_loaded(run, results) == run

    @given(data=st.data())
    @in_one_folder
    def test_any_run_is_read_as_it_was_written(self, data: st.DataObject, results: Path) -> None:
        run = data.draw(runs())
        assert saved_and_loaded(run, results) == run

    def test_what_pyperf_says_of_a_process_is_kept(self, results: Path) -> None:
        run = make_run(rounds=2)
        (record,) = run.groups
        timing = replace(
            record.timings["task"],
            warmups={0: ((1, 0.5),), 1: ((4, 0.25), (4, 0.125))},
            metadata={
                index: {"loops": 40, "inner_loops": 25, "date": "2025-01-01", "load_avg_1min": 0.5}
                for index in range(2)
            },
        )
        record = replace(record, timings={**record.timings, "task": timing})
        run = replace(run, groups=(record,))
        assert saved_and_loaded(run, results) == run

    def test_a_run_that_is_stored_twice_is_the_same(self, stored: RunFolder) -> None:
        stored.save(stored.load())
        before = {name: (stored.path / name).read_bytes() for name in FILES}
        stored.save(stored.load())
        assert {name: (stored.path / name).read_bytes() for name in FILES} == before

    def test_failures_of_groups_and_variants_are_kept(self, results: Path) -> None:
        run = make_run(sync_ratios=(0.0, 1.0))
        first, second = run.groups
        groups = (
            replace(first, status=RunStatus.FAILED, failures={"task": "task: it raised"}),
            GroupRecord(second.group, RunStatus.FAILED, error="coroutine: no answer"),
        )
        run = replace(run, groups=groups, status=RunStatus.FAILED)
        assert saved_and_loaded(run, results) == run

    def test_a_group_that_measures_less_the_second_time_does_not_keep_its_old_times(
        self, stored: RunFolder
    ) -> None:
        run = stored.load()
        stored.save(replace(run, groups=()))
        failed = GroupRecord(run.plan.groups[0], RunStatus.FAILED, error="it raised")
        stored.save(replace(run, groups=(failed,)))
        assert stored.load().groups == (failed,)


class TestFiles:
    def test_they_are_those_of_the_contract(self, stored: RunFolder) -> None:
        assert {path.name for path in stored.path.iterdir()} == FILES

    def test_there_are_no_times_where_nothing_was_timed(self, results: Path) -> None:
        folder = RunFolder.create(results, "counted")
        folder.save(make_run(instruments=("allocations",)))
        assert {path.name for path in folder.path.iterdir()} == FILES - {"timing.json"}

    def test_the_summary_has_the_columns_of_the_contract(self, stored: RunFolder) -> None:
        with (stored.path / "summary.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert ",".join(rows[0]) == COLUMNS
        assert {row["params"] for row in rows} == {"sync_ratio=0.9"}
        assert len(rows) == sum(len(group.variants) for group in stored.load().plan.groups)

    def test_everyone_may_read_them(self, stored: RunFolder) -> None:
        assert {(stored.path / name).stat().st_mode & 0o777 for name in FILES} == {0o644}

    def test_they_name_neither_host_nor_user_nor_a_path(self, stored: RunFolder) -> None:
        text = "".join((stored.path / name).read_text(encoding="utf-8") for name in FILES)
        assert socket.gethostname() not in text
        assert str(Path.home()) not in text
        assert str(stored.path.parent) not in text
        assert sys.prefix not in text
        assert len(getpass.getuser()) < 6 or getpass.getuser() not in text

    @pytest.mark.parametrize("command", ["show", "stats", "hist", "metadata", "check"])
    def test_pyperf_reads_the_times(self, command: str, stored: RunFolder) -> None:
        done = pyperf(command, stored.path / "timing.json")
        assert done.returncode == 0, done.stderr
        assert "lookup sync_ratio=0.9 value_task" in done.stdout

    def test_pyperf_compares_the_times_of_two_runs(self, stored: RunFolder, results: Path) -> None:
        other = RunFolder.create(results, "other")
        other.save(make_run(name="other", rounds=3, noise=0.02))
        done = pyperf("compare_to", stored.path / "timing.json", other.path / "timing.json")
        assert done.returncode == 0, done.stderr
        assert "lookup sync_ratio=0.9 value_task" in done.stdout


def pyperf(command: str, *files: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pyperf", command, *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )


class TestWriting:
    @pytest.mark.parametrize("stops_at", sorted(FILES))
    def test_one_that_is_cut_off_leaves_the_state_before(
        self, stops_at: str, stored: RunFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = stored.load()
        after = make_run(name="first", sync_ratios=(0.9, 1.0), rounds=2)
        grown = replace(before, plan=after.plan, groups=before.groups)
        stored.save(grown)
        with monkeypatch.context() as patch:
            cut_off(patch, stops_at, KeyboardInterrupt())
            with pytest.raises(KeyboardInterrupt):
                stored.save(after)
        assert stored.load() == grown
        assert {path.name for path in stored.path.iterdir()} == FILES

    def test_run_json_is_written_last(
        self, stored: RunFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        order: list[str] = []
        replaced = Path.replace

        def noted(path: Path, target: Path) -> Path:
            order.append(Path(target).name)
            return replaced(path, target)

        monkeypatch.setattr(Path, "replace", noted)
        stored.save(stored.load())
        assert {*order} == FILES
        assert order[-1] == "run.json"

    def test_every_file_is_on_the_disk_before_it_takes_the_place_of_the_old_one(
        self, stored: RunFolder, synced: list[int], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = stored.load()
        del synced[:]
        counts: list[int] = []
        replaced = Path.replace

        def noted(path: Path, target: Path) -> Path:
            counts.append(len(synced))
            return replaced(path, target)

        monkeypatch.setattr(Path, "replace", noted)
        stored.save(run)
        assert counts == [1, 2, 3, 4]

    @pytest.mark.parametrize("name", sorted(FILES))
    @pytest.mark.parametrize("code", ["ENOSPC", "EROFS", "EACCES", "EIO"])
    def test_a_disk_that_takes_no_more_is_answered_with_one_line(
        self, name: str, code: str, stored: RunFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = stored.load()
        number = getattr(errno, code)
        said = rf"{name}: cannot be written \({os.strerror(number)}"
        with monkeypatch.context() as patch:
            cut_off(patch, name, OSError(number, os.strerror(number)))
            with pytest.raises(StoreError, match=said):
                stored.save(run)
        assert stored.load() == run
        assert {path.name for path in stored.path.iterdir()} == FILES

    def test_a_folder_that_has_gone_is_made_again_with_all_that_was_measured(
        self, stored: RunFolder, tmp_path: Path
    ) -> None:
        run = stored.load()
        stored.path.rename(tmp_path / "elsewhere")
        assert stored.is_missing()
        stored.save(run)
        assert not stored.is_missing()
        assert stored.load() == run

    def test_a_folder_that_cannot_be_made_again_is_answered_with_one_line(
        self, stored: RunFolder, results: Path, tmp_path: Path
    ) -> None:
        run = stored.load()
        results.rename(tmp_path / "elsewhere")
        results.write_text("a file", encoding="utf-8")
        with pytest.raises(StoreError, match="first: cannot be made again") as caught:
            stored.save(run)
        assert len(str(caught.value).splitlines()) == 1


def cut_off(monkeypatch: pytest.MonkeyPatch, name: str, error: BaseException) -> None:
    """Have the replacing of the file *name* end with *error*."""
    replaced = Path.replace

    def failing(path: Path, target: Path) -> Path:
        if Path(target).name == name:
            raise error
        return replaced(path, target)

    monkeypatch.setattr(Path, "replace", failing)


class TestLocking:
    def test_one_process_at_a_time_measures_a_run(self, stored: RunFolder) -> None:
        other = RunFolder(stored.path)
        with stored.locked():
            assert other.load() == stored.load()
            refused = pytest.raises(StoreError, match="first: another process is measuring this")
            with refused, other.locked():
                pass
            assert other.load() == stored.load()
        with other.locked():
            pass
        assert {path.name for path in stored.path.iterdir()} == FILES

    def test_a_lock_that_nobody_holds_any_more_is_in_nobodys_way(self, stored: RunFolder) -> None:
        (stored.path / ".lock").touch()  # of a process that was killed
        with stored.locked():
            assert (stored.path / ".lock").read_bytes() == b""
        assert {path.name for path in stored.path.iterdir()} == FILES

    def test_it_is_held_in_a_folder_that_was_made_again(
        self, stored: RunFolder, tmp_path: Path
    ) -> None:
        run = stored.load()
        with stored.locked():
            stored.path.rename(tmp_path / "elsewhere")
            stored.save(run)
            refused = pytest.raises(StoreError, match="another process is measuring")
            with refused, RunFolder(stored.path).locked():
                pass
        with RunFolder(stored.path).locked():
            pass

    def test_a_folder_that_another_process_made_again_is_left_to_it(
        self, stored: RunFolder, results: Path, tmp_path: Path
    ) -> None:
        run = stored.load()
        with stored.locked():
            stored.path.rename(tmp_path / "elsewhere")
            other = RunFolder.create(results, "first")
            with other.locked():
                other.save(make_run(name="first", scenarios=("other",), rounds=2))
                kept = other.load()
                with pytest.raises(StoreError, match="another process is measuring"):
                    stored.save(run)
                assert other.load() == kept

    def test_another_run_that_took_the_name_meanwhile_is_not_overwritten(
        self, stored: RunFolder, results: Path, tmp_path: Path
    ) -> None:
        run = stored.load()
        with stored.locked():
            stored.path.rename(tmp_path / "elsewhere")
            other = RunFolder.create(results, "first")
            other.save(replace(make_run(name="first", rounds=2), started="2025-02-02T02:02"))
            kept = other.load()
            with pytest.raises(StoreError, match="another run has taken this folder meanwhile"):
                stored.save(run)
            assert other.load() == kept

    def test_a_folder_in_which_nothing_was_stored_is_gone_afterwards(self, results: Path) -> None:
        with RunFolder.create(results, "empty").locked() as folder:
            (folder.path / "allocations.json").write_text("half of a run", encoding="utf-8")
        assert not folder.path.exists()
        RunFolder.create(results, "empty")

    def test_what_is_not_the_runs_is_not_removed(self, results: Path) -> None:
        with RunFolder.create(results, "other").locked() as folder:
            (folder.path / "notes.txt").write_text("mine", encoding="utf-8")
        assert [path.name for path in folder.path.iterdir()] == ["notes.txt"]


class TestCreating:
    def test_the_folder_of_results_is_made(self, tmp_path: Path) -> None:
        folder = RunFolder.create(tmp_path / "deep" / "results", "first")
        assert folder.path.is_dir()

    def test_a_run_that_exists_is_never_overwritten(self, stored: RunFolder) -> None:
        before = stored.load()
        with pytest.raises(
            StoreError, match="there is a run of this name already; choose another --name, or"
        ):
            RunFolder.create(stored.path.parent, "first")
        assert stored.load() == before

    def test_a_file_where_the_results_should_be_is_said_to_be_one(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("", encoding="utf-8")
        with pytest.raises(StoreError, match="file: is not a folder; give another folder with"):
            RunFolder.create(tmp_path / "file", "first")
        with pytest.raises(StoreError, match="Not a directory"):
            RunFolder.create(tmp_path / "file" / "results", "first")

    def test_a_folder_that_cannot_be_made_is_answered_with_one_line(
        self, results: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        results.mkdir()

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "mkdir", full)
        with pytest.raises(StoreError, match=r"cannot be made \(No space left on device\)"):
            RunFolder.create(results, "first")

    @pytest.mark.parametrize("name", ["a", "2025-01-01-quick", "A.b_c+d-e", "0", "x" * 100])
    def test_a_name_of_letters_digits_and_a_few_signs_is_taken(self, name: str) -> None:
        assert check_name(name) == name

    @pytest.mark.parametrize(
        "name",
        [
            "",
            ".",
            "..",
            ".hidden",
            "-x",
            "a/b",
            "../x",
            "a b",
            "a\n",
            "latest",
            "x" * 101,
            "ä",
            "\0",
        ],
    )
    def test_any_other_name_is_refused_with_one_line(self, name: str, results: Path) -> None:
        with pytest.raises(StoreError, match=r"^run name .*: expected letters") as caught:
            RunFolder.create(results, name)
        assert len(str(caught.value).splitlines()) == 1
        assert not results.exists()

    @given(st.text())
    def test_no_name_that_is_taken_leaves_the_folder(self, name: str) -> None:
        try:
            checked = check_name(name)
        except StoreError:
            return
        assert Path("results", checked).parent == Path("results")
        assert not checked.startswith((".", "-"))


class TestFinding:
    def test_a_run_is_found_by_its_name(self, stored: RunFolder, results: Path) -> None:
        assert find_run(results, "first").path == stored.path

    def test_a_run_is_found_by_its_path(self, stored: RunFolder, tmp_path: Path) -> None:
        assert find_run(tmp_path / "absent", str(stored.path)).load() == stored.load()

    def test_the_newest_is_that_which_was_started_last(
        self, stored: RunFolder, results: Path
    ) -> None:
        for name, started in (("b", "2025-01-01T13"), ("a", "2025-01-01T14"), ("c", "2024")):
            folder = RunFolder.create(results, name)
            folder.save(replace(make_run(name=name, measured=0), started=started))
        assert latest_name(results) == "a"
        assert find_run(results, "latest").load().name == "a"

    def test_one_that_a_wrong_clock_dated_in_the_future_does_not_stay_the_newest(
        self, stored: RunFolder, results: Path
    ) -> None:
        for name, started in (("a", "2999-01-01T00:00:00+00:00"), ("b", "2025-06-01T00:00")):
            folder = RunFolder.create(results, name)
            folder.save(replace(make_run(name=name, measured=0), started=started))
        assert latest_name(results) == "b"
        for name in ("first", "b"):
            (results / name / "run.json").unlink()
        assert latest_name(results) == "a"

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"schema": 1}', b"{}"])
    def test_what_is_no_run_does_not_hide_the_newest(
        self, content: bytes, stored: RunFolder, results: Path
    ) -> None:
        (results / "zzz").mkdir()
        (results / "zzz" / "run.json").write_bytes(content)
        (results / "file").write_text("", encoding="utf-8")
        (results / "empty").mkdir()
        assert latest_name(results) == "first"

    def test_a_name_that_is_not_there_is_answered_with_the_newest(
        self, stored: RunFolder, results: Path
    ) -> None:
        with pytest.raises(StoreError, match=r"no run 'frist' in .*; the newest there: first$"):
            find_run(results, "frist")

    @pytest.mark.parametrize("name", ["first", "latest", "x" * 300, "\0", "/", "", "."])
    def test_nothing_at_all_says_how_to_measure(self, name: str, results: Path) -> None:
        with pytest.raises(StoreError, match="awaitbench run"):
            find_run(results, name)


def damaged(folder: RunFolder, name: str, content: bytes) -> str | None:
    """Return the error of a run one file of which has become *content*, None if it is read.

    Any other exception than a StoreError of one line fails the test.
    """
    before = {path: path.read_bytes() for path in folder.path.iterdir()}
    (folder.path / name).write_bytes(content)
    told = None
    try:
        run = folder.load()
        folder.save(run)  # what is read can be gone on with
    except StoreError as error:
        told = str(error)
    for path, whole in before.items():
        path.write_bytes(whole)
    assert told is None or len(told.splitlines()) == 1
    return told


JSON = ["run.json", "allocations.json", "timing.json"]


class TestDamage:
    @pytest.mark.parametrize("name", JSON)
    @pytest.mark.parametrize(
        "content",
        [b"", b"null", b"[]", b"{}", b"3", b'"text"', b"\xff\xfe", b"{", b"[" * 100_000, b"\0" * 9],
    )
    def test_a_file_that_is_none_is_answered_with_one_line(
        self, name: str, content: bytes, stored: RunFolder
    ) -> None:
        told = damaged(stored, name, content)
        assert told is not None
        assert name in told
        assert "restore it, or measure again" in told

    @pytest.mark.parametrize("name", JSON)
    def test_a_file_that_is_cut_off_anywhere_is_answered_with_one_line(
        self, name: str, stored: RunFolder
    ) -> None:
        content = (stored.path / name).read_bytes().rstrip()
        for length in range(0, len(content), max(1, len(content) // 50)):
            assert "damaged" in (damaged(stored, name, content[:length]) or "")

    @given(data=st.data())
    @pytest.mark.parametrize("name", JSON)
    @in_one_folder
    def test_any_bytes_are_a_run_or_one_line(
        self, name: str, data: st.DataObject, stored: RunFolder
    ) -> None:
        damaged(stored, name, data.draw(st.binary(max_size=60)))

    @given(data=st.data())
    @pytest.mark.parametrize("name", JSON)
    @in_one_folder
    def test_a_file_with_some_bytes_changed_is_a_run_or_one_line(
        self, name: str, data: st.DataObject, stored: RunFolder
    ) -> None:
        content = bytearray((stored.path / name).read_bytes())
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.integers(0, len(content) - 1))
            content[place] = data.draw(st.sampled_from(b'0-9eE.{}[]",:ntf \xff\x00'))
        damaged(stored, name, bytes(content))

    @given(data=st.data())
    @pytest.mark.parametrize("name", JSON)
    @in_one_folder
    def test_a_file_with_any_value_changed_is_a_run_or_one_line(
        self, name: str, data: st.DataObject, stored: RunFolder
    ) -> None:
        content = json.loads((stored.path / name).read_bytes())
        change_something(content, data)
        damaged(stored, name, json.dumps(content).encode())

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (lambda run: run["groups"][0].update(index=7), "not in the plan"),
            (lambda run: run["groups"][0].update(index=-1), "not in the plan"),
            (lambda run: run["groups"].append(run["groups"][0]), "listed twice"),
            (lambda run: run["plan"]["groups"].append(run["plan"]["groups"][0]), "planned twice"),
            (lambda run: run["plan"]["groups"][0].update(params={}), "sync_ratio=None"),
            (lambda run: run["plan"]["groups"][0]["params"].update(sync_ratio="x"), "sync_ratio=x"),
            (lambda run: run["plan"]["groups"][0]["params"].update(sync_ratio=7), "sync_ratio=7"),
            (lambda run: run["plan"]["groups"][0]["runtime"].update(python="?"), "damaged"),
            (lambda run: run.update(status="fine"), "Invalid enum value 'fine'"),
            (lambda run: run.pop("plan"), "missing required field `plan`"),
        ],
    )
    def test_a_run_that_cannot_be_is_told_from_one(
        self, change: Callable[[Any], None], reason: str, stored: RunFolder
    ) -> None:
        content = json.loads((stored.path / "run.json").read_bytes())
        change(content)
        assert reason in (damaged(stored, "run.json", json.dumps(content).encode()) or "")

    @pytest.mark.parametrize("value", ["NaN", "Infinity", "0", "-1", "1e999", "null", '"1"'])
    def test_a_time_that_is_none_is_told_from_one(self, value: str, stored: RunFolder) -> None:
        text = (stored.path / "timing.json").read_text(encoding="utf-8")
        changed = re.sub(r'("values": ?\[)[^,\]]*', rf"\g<1>{value}", text, count=1)
        assert changed != text
        assert "damaged" in (damaged(stored, "timing.json", changed.encode()) or "")

    @pytest.mark.parametrize("name", JSON[:2])
    @pytest.mark.parametrize("schema", [SCHEMA + 1, 99, 10**30])
    def test_a_newer_schema_says_to_upgrade(
        self, name: str, schema: int, stored: RunFolder
    ) -> None:
        content = {"schema": schema, "something": "else"}
        told = damaged(stored, name, json.dumps(content).encode()) or ""
        assert f"written by a newer awaitbench (schema {schema}, this one reads up to " in told

    @pytest.mark.parametrize("name", JSON[:2])
    def test_a_file_that_is_missing_is_named(self, name: str, stored: RunFolder) -> None:
        (stored.path / name).unlink()
        with pytest.raises(StoreError, match=f"not a run: it has no {name}"):
            stored.load()

    @pytest.mark.parametrize("name", JSON)
    def test_a_folder_where_a_file_should_be_is_answered_with_one_line(
        self, name: str, stored: RunFolder
    ) -> None:
        (stored.path / name).unlink()
        (stored.path / name).mkdir()
        with pytest.raises(InputError, match=name):
            stored.load()


_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(10**18, 10**40),
    st.floats(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
)


def change_something(content: Any, data: st.DataObject) -> None:
    """Walk down to some place in *content*, and change or remove what is there."""
    while True:
        keys = [*content] if isinstance(content, dict) else [*range(len(content))]
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        child = content[key]
        if isinstance(child, dict | list) and child and data.draw(st.integers(0, 5)):
            content = child
        elif data.draw(st.booleans()):
            content[key] = data.draw(_values)
            return
        else:
            del content[key]
            return


_names = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=8)
_texts = st.text(max_size=20).filter(lambda text: text.isascii() or text.isprintable())
_figures = st.floats(0, 1e6)
_seconds = st.floats(1e-12, 1e3)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Draw a run of any shape that measuring could give."""
    variants = tuple(draw(st.lists(_names, min_size=1, max_size=3, unique=True)))
    shares = draw(st.lists(st.floats(0, 1), min_size=1, max_size=3, unique=True))
    knob = draw(st.one_of(st.booleans(), st.integers(-(2**62), 2**62), st.just("lru")))
    groups = tuple(
        Group("sample", (("sync_ratio", share), ("knob", knob)), variants, Runtime("3.13.0"))
        for share in shares
    )
    measured = groups[: draw(st.integers(0, len(groups)))]
    return Run(
        name="any",
        status=draw(st.sampled_from(RunStatus)),
        started="2025-01-01T00:00:00+00:00",
        ended=draw(st.none() | st.just("2025-01-01T00:01:00+00:00")),
        plan=Plan(groups, draw(_names), Preset("quick", 0.05, (2, 3), 2), draw(st.integers())),
        environment=draw(st.dictionaries(_names, _texts, max_size=3)),
        groups=tuple(draw(records(group)) for group in measured),
        findings=tuple(draw(st.lists(_findings, max_size=2))),
        titles={"sample": draw(_texts)},
        sources=draw(st.dictionaries(_names, _names, max_size=1)),
        resumed=draw(st.sampled_from([(), ("2025-01-01T00:00:30+00:00",)])),
        pair=draw(st.just("") | _names),
    )


_findings = st.builds(Finding, st.sampled_from(Severity), _texts, _texts)
_conditions = st.builds(
    Conditions, _figures, st.none() | st.floats(0, 64), st.none() | st.floats(0, 64)
)
_counts = st.builds(
    Allocations,
    _figures,
    _figures,
    st.integers(0, 10**9),
    st.integers(1, 10**6),
    st.lists(st.builds(AllocationKind, _names, st.integers(0, 10**9), _figures), max_size=2).map(
        tuple
    ),
)


@st.composite
def records(draw: st.DrawFn, group: Group) -> GroupRecord:
    """Draw what could have been measured of *group*, by some of its variants."""
    some = st.lists(st.sampled_from(group.variants), unique=True)
    return GroupRecord(
        group=group,
        status=draw(st.sampled_from([RunStatus.DONE, RunStatus.FAILED])),
        error=draw(st.none() | _texts),
        observations={
            variant: draw(st.builds(Observation, st.floats(0, 1), _figures, _figures))
            for variant in draw(some)
        },
        timings={variant: draw(timings()) for variant in draw(some)},
        allocations={variant: draw(_counts) for variant in draw(some)},
        failures={variant: draw(_texts) for variant in draw(some)},
        target_met=draw(st.none() | st.booleans()),
        loop_overhead=draw(st.none() | _seconds),
        duration=draw(_figures),
        findings=tuple(draw(st.lists(_findings, max_size=2))),
        conditions=draw(st.dictionaries(st.integers(0, 60), _conditions, max_size=2)),
    )


@st.composite
def timings(draw: st.DrawFn) -> Timing:
    """Draw times of some rounds, as pyperf gives them."""
    indices = draw(st.lists(st.integers(0, 60), min_size=1, max_size=3, unique=True).map(sorted))
    values = st.lists(_seconds, min_size=1, max_size=3).map(tuple)
    warmups = st.lists(st.tuples(st.integers(1, 99), _seconds), min_size=1, max_size=2).map(tuple)
    metadata: st.SearchStrategy[dict[str, float | str]] = st.fixed_dictionaries(
        {"loops": st.integers(1, 99), "date": st.just("2025")}
    )
    return Timing(
        rounds={index: draw(values) for index in indices},
        operations=draw(st.integers(1, 10**6)),
        warmups={index: draw(warmups) for index in indices},
        metadata={index: draw(metadata) for index in indices},
    )
