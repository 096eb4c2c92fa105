from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from harness import cli
from harness.errors import StoreError
from harness.plan import Runtime
from harness.report.chart_files import write_charts
from harness.store import RunFolder
from tests.report.test_html import HOSTILE
from tests.runs import make_run

if TYPE_CHECKING:
    from pathlib import Path

SMALL = ("coroutine", "task")


def test_names_say_scenario_share_and_what_is_shown(tmp_path: Path) -> None:
    run = make_run(sync_ratios=(0.0, 0.9), variants=SMALL, extra={"size": (64,)})
    written = write_charts(run, tmp_path / "made" / "here")
    assert sorted(path.name for path in written) == sorted(
        path.name for path in (tmp_path / "made" / "here").iterdir()
    )
    kinds = ("time", "allocations", "bytes", "scatter", "rounds", "drift", "sizes")
    stems = {"overview", "lookup-time-by-share", "lookup-allocations-by-share"} | {
        f"lookup-sync_ratio-{share}-{kind}" for share in ("0", "0.9") for kind in kinds
    }
    assert {path.name for path in written} == {
        f"{stem}.{ending}" for stem in stems for ending in ("svg", "png")
    }


def test_parameters_that_vary_and_several_runtimes_are_in_the_name(tmp_path: Path) -> None:
    run = make_run(sync_ratios=(0.9,), variants=SMALL, extra={"size": (1, 2.0)})
    other = make_run(runtime=Runtime("3.12.1", loop="uvloop"), variants=SMALL)
    plan = replace(run.plan, groups=(*run.plan.groups, *other.plan.groups))
    both = replace(run, plan=plan, groups=(*run.groups, *other.groups))
    names = {path.stem for path in write_charts(both, tmp_path)}
    assert "lookup-3.13.0-asyncio-sync_ratio-0.9-size-2-time" in names
    assert "lookup-3.12.1-uvloop-sync_ratio-0.9-time" in names


def test_a_chart_stands_alone(tmp_path: Path) -> None:
    run = make_run(sync_ratios=(0.9,), variants=SMALL, rounds=4)
    write_charts(run, tmp_path)
    text = (tmp_path / "lookup-sync_ratio-0.9-time.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)
    words = " ".join(t.text or "" for t in root.iter("{http://www.w3.org/2000/svg}text"))
    for told in (
        "Time per operation",
        "The lookup workload (lookup): sync_ratio=0.9",
        "95 % Student t intervals over 4 rounds",
        "cpython 3.13.0, asyncio",
        "awaitbench",
        "measured 1 January 2025 at 12:00 UTC",
        "coroutine (baseline)",
    ):
        assert told in words
    assert "var(" not in text
    assert not re.search(r"(href|url|script)", text)


def test_a_png_has_two_pixels_to_one_and_is_white(tmp_path: Path) -> None:
    from matplotlib.image import imread

    write_charts(make_run(variants=SMALL), tmp_path)
    stem = tmp_path / "lookup-sync_ratio-0.9-time"
    root = ET.fromstring(stem.with_name(f"{stem.name}.svg").read_text(encoding="utf-8"))
    pixels = imread(stem.with_name(f"{stem.name}.png"))
    assert pixels.shape[1] == 2 * float(root.attrib["width"])
    assert pixels[0, 0].tolist() == pixels[-1, -1].tolist() == [1.0, 1.0, 1.0, 1.0]


def test_the_same_run_gives_the_same_files(tmp_path: Path) -> None:
    run = make_run(variants=SMALL)
    once = {path.name: path.read_bytes() for path in write_charts(run, tmp_path / "a")}
    again = {path.name: path.read_bytes() for path in write_charts(run, tmp_path / "b")}
    assert once == again


@pytest.mark.parametrize(
    "name", ["../../up", "/etc/passwd", "..", "a\0b", "con", HOSTILE, "é" * 300, "", "-rf", "A"]
)
def test_a_hostile_name_never_leaves_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "deep" / "folder"
    run = make_run(
        scenarios=(name, f"{name}\u202e", name.lower() + "?"),
        sync_ratios=(1.0,),
        variants=("coroutine",),
        rounds=2,
    )
    written = write_charts(run, folder)
    assert {path.parent for path in written} == {folder}
    assert len({path.name.lower() for path in written}) == len(written)
    assert {path.resolve().parent for path in tmp_path.rglob("*") if path.is_file()} == {folder}
    for path in written:
        assert re.fullmatch(r"[A-Za-z0-9_=,+][A-Za-z0-9._=,+-]*\.(svg|png)", path.name)
        assert len(path.name) < 150
        if path.suffix == ".svg":
            ET.fromstring(path.read_text(encoding="utf-8"))


def test_charts_of_ours_are_replaced_and_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    write_charts(make_run(variants=SMALL, noise=0.2), tmp_path)
    path = tmp_path / "lookup-sync_ratio-0.9-time.svg"
    before = path.read_bytes()
    write_charts(make_run(variants=SMALL), tmp_path)
    assert path.read_bytes() != before
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("name", ["overview.svg", "lookup-sync_ratio-0.9-sizes.png"])
def test_a_file_that_is_not_ours_is_never_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("drawn by hand", encoding="utf-8")
    with pytest.raises(StoreError, match=r"not made by awaitbench.*--charts"):
        write_charts(make_run(variants=SMALL), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text(encoding="utf-8") == "drawn by hand"


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target.svg"
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "overview.svg").symlink_to(target)
    with pytest.raises(StoreError):
        write_charts(make_run(variants=SMALL), folder)
    assert not target.exists()


def test_a_folder_that_cannot_be_made_is_one_line_of_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="give another folder with --charts"):
        write_charts(make_run(variants=SMALL), tmp_path / "file" / "folder")


def test_the_command_writes_report_and_charts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run(variants=SMALL)
    results = tmp_path / "results"
    RunFolder.create(results, run.name).save(run)
    charts = tmp_path / "charts"
    code = cli.main(
        [
            "report",
            run.name,
            "--results",
            str(results),
            "--reports",
            str(tmp_path / "reports"),
            "--charts",
            str(charts),
        ]
    )
    assert code == 0
    assert (tmp_path / "reports" / run.name / "index.html").exists()
    assert (charts / "lookup-sync_ratio-0.9-time.png").exists()
    assert str(charts) in capsys.readouterr().out
