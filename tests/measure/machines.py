"""Machines that nobody has: the files of /proc and /sys, written below a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.measure.system_files import SystemFiles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["CPUS", "QUIET", "machine", "quiet_machine", "write"]

CPUS = "sys/devices/system/cpu"

# A machine of four cores on which there is nothing to be found.
QUIET: Mapping[str, str] = {
    "proc/self/status": "Name:\tpython\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\n",
    "proc/self/stat": f"7 (a (b) c) R {' '.join(['0'] * 35)} 2 0 0\n",
    "proc/self/cgroup": "0::/jobs/mine\n",
    "proc/loadavg": "0.10 0.20 0.30 1/100 4242\n",
    "proc/cpuinfo": "processor\t: 0\nmodel name\t: Example CPU\nflags\t\t: fpu sse\n",
    "proc/meminfo": "MemTotal: 8388608 kB\nSwapTotal:  1048576 kB\nSwapFree:  1048576 kB\n",
    "proc/vmstat": "pgpgin 1\npswpin 10\npswpout 20\n",
    "proc/stat": "cpu  1000 0 500 90000 10 0 5 0 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0\n",
    "sys/fs/cgroup/jobs/mine/cpu.max": "max 100000\n",
    f"{CPUS}/isolated": "3\n",
    f"{CPUS}/intel_pstate/no_turbo": "1\n",
    **{f"{CPUS}/cpu{n}/cpufreq/scaling_governor": "performance\n" for n in range(4)},
    **{f"{CPUS}/cpu{n}/cpufreq/scaling_cur_freq": "3000000\n" for n in range(4)},
    "sys/class/power_supply/AC/type": "Mains\n",
    "sys/class/power_supply/AC/online": "1\n",
    "sys/class/power_supply/BAT0/type": "Battery\n",
    "sys/class/power_supply/BAT0/status": "Charging\n",
}


def quiet_machine(root: Path) -> SystemFiles:
    """Write the quiet machine below *root*."""
    return machine(root, {})


def machine(root: Path, changed: Mapping[str, str]) -> SystemFiles:
    """Write the quiet machine with some of its files *changed*, by path."""
    write(root, {**QUIET, **changed})
    return SystemFiles(root)


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write files below *root*, over those that are there."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
