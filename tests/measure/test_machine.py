"""Machine: what spoils measurements is found on machines that have it, and on no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.measure.machine import Watched, machine_findings, watch
from harness.measure.system_files import ProcessorTime, SystemFiles
from harness.record import Finding, Severity
from tests.measure.machines import CPUS, QUIET, machine, quiet_machine, write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

ERROR, WARNING, HINT = Severity
# A message may take several lines; the advice is one, beside the severity, at 80 columns.
ADVICE_WIDTH = 80 - len("warning") - 2


def found(files: SystemFiles, **given: Any) -> tuple[Finding, ...]:
    return machine_findings(
        given.get("said"), files, given.get("environ", {}), given.get("watched", Watched())
    )


@pytest.fixture
def only(tmp_path: Path) -> Callable[..., Finding]:
    """Return the one finding that a machine has which differs from the quiet one so."""

    def only(changed: Mapping[str, str] | None = None, **given: Any) -> Finding:
        (finding,) = found(machine(tmp_path, changed or {}), **given)
        assert 0 < len(finding.advice) <= ADVICE_WIDTH
        return finding

    return only


def test_a_quiet_machine_has_none(tmp_path: Path) -> None:
    assert found(quiet_machine(tmp_path)) == ()


def test_a_system_that_tells_nothing_has_none(tmp_path: Path) -> None:
    files = SystemFiles(tmp_path)
    assert files.cores() >= 1
    assert [each for each in found(files) if "core" not in each.message] == []


@pytest.mark.parametrize(
    "text", ["", "\n", "nonsense\n", "\udcff", "-1\n", "9" * 5000, "0-99999999"]
)
def test_files_that_hold_something_else_are_taken_for_silence(text: str, tmp_path: Path) -> None:
    for name in QUIET:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(errors="surrogateescape"))
    files = SystemFiles(tmp_path)
    watched = watch(files, work=lambda _: None)
    assert watched == Watched()
    assert files.usable_cpus() == frozenset()
    told = (files.quota(), files.load(), files.processor_time(), files.frequency())
    assert told == (None, None, None, None)
    assert files.swapped_out() == 0
    assert not files.on_battery()


def test_the_real_machine_is_looked_at_without_a_failure() -> None:
    findings = machine_findings()
    assert all(len(finding.advice) <= ADVICE_WIDTH for finding in findings)
    severities = [[*Severity].index(finding.severity) for finding in findings]
    assert severities == sorted(severities)


class TestCores:
    def test_a_single_core_is_too_few(self, only: Callable[..., Finding]) -> None:
        finding = only({"proc/self/status": "Cpus_allowed_list:\t5\n"})
        assert finding.severity is WARNING
        assert "only one core is usable" in finding.message

    @pytest.mark.parametrize("path", ["sys/fs/cgroup/jobs/mine/cpu.max", "sys/fs/cgroup/cpu.max"])
    def test_a_quota_is_as_bad_as_too_few(self, path: str, only: Callable[..., Finding]) -> None:
        changed = {"sys/fs/cgroup/jobs/mine/cpu.max": "", path: "150000 100000\n"}
        finding = only(changed)
        assert finding.severity is WARNING
        assert "a control group allows 1.5 cores" in finding.message

    def test_a_quota_of_enough_is_none(self, tmp_path: Path) -> None:
        changed = {"sys/fs/cgroup/jobs/mine/cpu.max": "400000 100000\n"}
        assert found(machine(tmp_path, changed)) == ()

    def test_no_isolated_cpu_is_a_hint_that_names_one(self, only: Callable[..., Finding]) -> None:
        finding = only({f"{CPUS}/isolated": "\n"})
        assert finding.severity is HINT
        assert "no CPU is isolated" in finding.message
        assert "isolcpus=3" in finding.advice

    @pytest.mark.parametrize(("load", "expected"), [("1.99", 0), ("3.00", 1)])
    def test_other_work_is_found_from_half_of_the_cores_on(
        self, load: str, expected: int, tmp_path: Path
    ) -> None:
        findings = found(machine(tmp_path, {"proc/loadavg": f"{load} 0.20 0.30 1/100 4242\n"}))
        assert len(findings) == expected
        for finding in findings:
            assert finding.severity is WARNING
            assert finding.message == "other work was running: a load of 3.0 on 4 cores"


class TestFrequency:
    @pytest.mark.parametrize("governor", ["powersave", "schedutil", "ondemand"])
    def test_a_governor_that_follows_the_load_is_a_hint(
        self, governor: str, only: Callable[..., Finding]
    ) -> None:
        finding = only({f"{CPUS}/cpu2/cpufreq/scaling_governor": governor})
        assert finding.severity is HINT
        assert finding.message.startswith(f"the frequency governor is {governor}:")

    @pytest.mark.parametrize(
        "changed",
        [
            {f"{CPUS}/intel_pstate/no_turbo": "0\n"},
            {f"{CPUS}/intel_pstate/no_turbo": "", f"{CPUS}/cpufreq/boost": "1\n"},
        ],
    )
    def test_turbo_is_a_hint(
        self, changed: Mapping[str, str], only: Callable[..., Finding]
    ) -> None:
        finding = only(changed)
        assert finding.severity is HINT
        assert finding.message.startswith("turbo is on")

    def test_boost_that_is_off_is_none(self, tmp_path: Path) -> None:
        changed = {f"{CPUS}/intel_pstate/no_turbo": "", f"{CPUS}/cpufreq/boost": "0\n"}
        assert found(machine(tmp_path, changed)) == ()

    def test_a_clock_rate_that_varies_under_load_is_a_warning(self, tmp_path: Path) -> None:
        files = quiet_machine(tmp_path)
        rates = iter([800_000, 1_200_000, 1_900_000, 2_100_000, *[3_400_000] * 6])

        def work(_: float) -> None:
            write(tmp_path, {f"{CPUS}/cpu2/cpufreq/scaling_cur_freq": f"{next(rates)}\n"})

        (finding,) = found(files, watched=watch(files, work=work))
        assert finding.severity is WARNING
        # The first looks are at a core that wakes up.
        assert finding.message.endswith("varied from 2.10 GHz to 3.40 GHz")

    def test_one_that_hardly_varies_is_none(self, tmp_path: Path) -> None:
        watched = Watched(frequencies=(3_000_000, 2_900_000, 3_000_000))
        assert found(quiet_machine(tmp_path), watched=watched) == ()

    def test_a_battery_that_is_used_up_is_a_warning(self, only: Callable[..., Finding]) -> None:
        finding = only({"sys/class/power_supply/BAT0/status": "Discharging\n"})
        assert finding.severity is WARNING
        assert "battery" in finding.message

    def test_the_battery_of_a_mouse_is_none(self, tmp_path: Path) -> None:
        mouse = "sys/class/power_supply/hidpp_battery_0"
        told = {"type": "Battery", "scope": "Device", "status": "Discharging"}
        changed = {f"{mouse}/{name}": f"{text}\n" for name, text in told.items()}
        assert found(machine(tmp_path, changed)) == ()


class TestMemory:
    def test_memory_that_is_swapped_out_is_a_hint(self, only: Callable[..., Finding]) -> None:
        finding = only({"proc/meminfo": "SwapTotal:  1048576 kB\nSwapFree:  524288 kB\n"})
        assert finding == Finding(HINT, "512 MiB are swapped out", "Close what uses the memory.")

    def test_swapping_that_goes_on_is_a_warning(self, tmp_path: Path) -> None:
        files = quiet_machine(tmp_path)

        def work(_: float) -> None:
            write(tmp_path, {"proc/vmstat": "pswpin 110\npswpout 25\n"})

        (finding,) = found(files, watched=watch(files, work=work))
        assert finding.severity is WARNING
        assert finding.message.startswith("memory is being swapped: 105 pages")


class TestVirtualMachine:
    def test_it_is_a_hint(self, only: Callable[..., Finding]) -> None:
        finding = only({"proc/cpuinfo": "flags\t\t: fpu hypervisor sse\n"})
        assert finding.severity is HINT
        assert finding.message.startswith("a virtual machine")

    def test_time_stolen_before_is_a_warning(self, only: Callable[..., Finding]) -> None:
        finding = only({"proc/stat": "cpu  800 0 100 90000 10 0 5 100 0 0\n"})
        assert finding.severity is WARNING
        assert finding.message == (
            "other virtual machines took 10 % of the time that this one wanted since it was started"
        )

    def test_time_stolen_just_now_is_told_first(self, tmp_path: Path) -> None:
        files = machine(tmp_path, {"proc/stat": "cpu  800 0 100 90000 10 0 5 100 0 0\n"})

        def work(_: float) -> None:
            write(tmp_path, {"proc/stat": "cpu  840 10 110 90000 10 0 5 140 0 0\n"})

        watched = watch(files, work=work)
        assert watched.time == ProcessorTime(busy=60, stolen=40)
        (finding,) = found(files, watched=watched)
        assert finding.message.startswith("other virtual machines took 40 % of the time")
        assert finding.message.endswith("just now")

    def test_little_of_it_is_none(self, tmp_path: Path) -> None:
        stat = {"proc/stat": "cpu  1000 0 0 90000 10 0 5 20 0 0\n"}
        assert found(machine(tmp_path, stat)) == ()


class TestInterpreter:
    def test_a_debug_build_spoils_figures(self, only: Callable[..., Finding]) -> None:
        assert only(said={"debug": True}).severity is ERROR

    def test_a_tracer_spoils_figures_and_is_named(self, only: Callable[..., Finding]) -> None:
        finding = only(said={"tracer": "mine.trace by sys.settrace"})
        assert finding.severity is ERROR
        assert finding.message.endswith(": mine.trace by sys.settrace")

    @pytest.mark.parametrize(
        ("variable", "value", "severity"),
        [
            ("PYTHONASYNCIODEBUG", "1", ERROR),
            ("PYTHONDEVMODE", "1", ERROR),
            ("PYTHONTRACEMALLOC", "1", ERROR),
            ("PYTHONMALLOC", "debug", ERROR),
            ("PYTHONMALLOC", "pymalloc_debug", ERROR),
            ("COVERAGE_PROCESS_START", ".coveragerc", WARNING),
            ("COVERAGE_PROCESS_CONFIG", "{}", WARNING),
            ("PYTHONPERFSUPPORT", "1", WARNING),
            ("PYTHONPROFILEIMPORTTIME", "1", HINT),
        ],
    )
    def test_a_variable_that_slows_what_is_measured_is_to_be_unset(
        self, variable: str, value: str, severity: Severity, only: Callable[..., Finding]
    ) -> None:
        finding = only(environ={variable: value})
        assert finding.severity is severity
        assert finding.advice == f"Unset {variable}."

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("PYTHONASYNCIODEBUG", ""),
            ("PYTHONTRACEMALLOC", "0"),
            ("PYTHONMALLOC", "pymalloc"),
            ("PYTHONPERFSUPPORT", "0"),
            ("PYTHONFAULTHANDLER", "1"),
        ],
    )
    def test_a_variable_that_does_no_harm_is_none(
        self, variable: str, value: str, tmp_path: Path
    ) -> None:
        assert found(quiet_machine(tmp_path), environ={variable: value}) == ()

    def test_coverage_that_is_active_is_told_once(self, only: Callable[..., Finding]) -> None:
        said = {"tracer": "coverage.tracer.CTracer by sys.settrace"}
        assert only(said=said, environ={"COVERAGE_PROCESS_START": "x"}).severity is ERROR


def test_the_worst_comes_first(tmp_path: Path) -> None:
    files = machine(tmp_path, {"proc/loadavg": "9 9 9 1/100 1\n", f"{CPUS}/isolated": "\n"})
    findings = found(files, said={"debug": True})
    assert [finding.severity for finding in findings] == [ERROR, WARNING, HINT]
