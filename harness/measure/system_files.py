"""System files: what Linux tells of the machine in /proc and /sys, below one root.

Where the system does not tell (macOS, a container that hides it), the answer is nothing: an
empty text, an empty set, None. Nothing here raises.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ProcessorTime", "SystemFiles"]

_ROOT = Path("/")
_CPUS = "sys/devices/system/cpu"


@dataclass(frozen=True)
class ProcessorTime:
    """Ticks of all processors since the start: by processes, and taken by the hypervisor."""

    busy: int
    stolen: int

    @property
    def stolen_share(self) -> float:
        """Return the share, 0 to 1, of the time that was asked for and not given."""
        return self.stolen / max(1, self.busy + self.stolen)

    def since(self, earlier: ProcessorTime) -> ProcessorTime:
        """Return what was spent since an *earlier* reading."""
        return ProcessorTime(self.busy - earlier.busy, self.stolen - earlier.stolen)


@dataclass(frozen=True)
class SystemFiles:
    """Readers of the files below *root*, which a test points at files of its own."""

    root: Path = _ROOT

    def lines(self, path: str) -> list[str]:
        """Return the lines of a file, none where it cannot be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []

    def text(self, path: str) -> str:
        """Return the first line of a file, stripped."""
        lines = self.lines(path)
        return lines[0].strip() if lines else ""

    def usable_cpus(self) -> frozenset[int]:
        """Return the CPUs on which this process may run."""
        return _cpu_list(self._after_colon("proc/self/status", "Cpus_allowed_list"))

    def cores(self) -> int:
        """Return how many CPUs this process may use; all, where the system does not tell."""
        return len(self.usable_cpus()) or os.cpu_count() or 1

    def isolated_cpus(self) -> frozenset[int] | None:
        """Return the CPUs on which the scheduler places nothing by itself; None: not told."""
        lines = self.lines(f"{_CPUS}/isolated")
        return _cpu_list(lines[0]) if lines else None

    def cpu_model(self) -> str:
        """Return what the processor is called."""
        return self._after_colon("proc/cpuinfo", "model name")

    def is_virtual(self) -> bool:
        """Tell whether the processor says that a hypervisor runs it."""
        return "hypervisor" in self._after_colon("proc/cpuinfo", "flags").split()

    def governors(self) -> list[str]:
        """Return the frequency governors of the usable CPUs, each once, sorted."""
        told = {
            self.text(f"{_CPUS}/cpu{cpu}/cpufreq/scaling_governor") for cpu in self.usable_cpus()
        }
        return sorted(told - {""})

    def turbo(self) -> bool | None:
        """Tell whether cores may run above their nominal clock rate; None: not told."""
        if no_turbo := self.text(f"{_CPUS}/intel_pstate/no_turbo"):
            return no_turbo == "0"
        if boost := self.text(f"{_CPUS}/cpufreq/boost"):
            return boost == "1"
        return None

    def frequency(self) -> int | None:
        """Return the clock rate, in kHz, of the CPU on which this process runs now."""
        # The name, in parentheses, may hold spaces; the CPU is the 37th field after it.
        # https://docs.kernel.org/filesystems/proc.html, table 1-4
        fields = self.text("proc/self/stat").rpartition(")")[2].split()
        if len(fields) < 37:
            return None
        return _number(self.text(f"{_CPUS}/cpu{fields[36]}/cpufreq/scaling_cur_freq"))

    def load(self) -> float | None:
        """Return the load average of the last minute."""
        try:
            if self.lines("proc/loadavg"):
                load = float(self.text("proc/loadavg").split()[0])
                return load if 0 <= load < math.inf else None
            return os.getloadavg()[0] if self.root == _ROOT else None
        except (OSError, ValueError, IndexError):
            return None

    def quota(self) -> float | None:
        """Return the cores that this process's control group may use in all; None: no limit."""
        group = next((line[3:] for line in self.lines("proc/self/cgroup") if line[:3] == "0::"), "")
        folders = (f"sys/fs/cgroup/{group.strip('/')}", "sys/fs/cgroup")
        words = next((found for each in folders if (found := self.text(f"{each}/cpu.max"))), "")
        limit, _, period = words.partition(" ")
        ticks, length = _number(limit), _number(period)
        return ticks / length if ticks and length else None

    def swapped_out(self) -> int:
        """Return the memory that is swapped out, in KiB."""
        total, free = (
            _number(self._after_colon("proc/meminfo", name).removesuffix(" kB")) or 0
            for name in ("SwapTotal", "SwapFree")
        )
        return max(0, total - free)

    def swap_traffic(self) -> int:
        """Return how many pages were swapped in and out since the start."""
        told = (line.split() for line in self.lines("proc/vmstat"))
        return sum(
            _number(words[1]) or 0
            for words in told
            if len(words) == 2 and words[0] in ("pswpin", "pswpout")
        )

    def processor_time(self) -> ProcessorTime | None:
        """Return what the processors spent since the start."""
        words = self.text("proc/stat").split()
        # cpu user nice system idle iowait irq softirq steal
        ticks = [_number(word) or 0 for word in words[1:9]]
        if len(ticks) < 8 or words[0] != "cpu":
            return None
        return ProcessorTime(busy=sum(ticks[:3]), stolen=ticks[7])

    def on_battery(self) -> bool:
        """Tell whether a battery is being used up."""
        folder = self.root / "sys/class/power_supply"
        try:
            supplies = sorted(folder.iterdir())
        except OSError:
            return False
        return any(
            self.text(f"sys/class/power_supply/{each.name}/type") == "Battery"
            # A mouse and a headset have batteries too; those have the scope Device.
            and self.text(f"sys/class/power_supply/{each.name}/scope") != "Device"
            and self.text(f"sys/class/power_supply/{each.name}/status") == "Discharging"
            for each in supplies
        )

    def _after_colon(self, path: str, label: str) -> str:
        for line in self.lines(path):
            name, _, text = line.partition(":")
            if name.strip() == label:
                return text.strip()
        return ""


def _number(text: str) -> int | None:
    # isascii: int() takes other digits too, and isdigit() more than int() does.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _cpu_list(text: str) -> frozenset[int]:
    """Read ``0-2,7``; what is no such list is none."""
    cpus: set[int] = set()
    for part in filter(None, (each.strip() for each in text.split(","))):
        first, _, last = part.partition("-")
        begin, end = _number(first), _number(last or first)
        if begin is None or end is None or end >= 1 << 16:
            return frozenset()
        cpus.update(range(begin, end + 1))
    return frozenset(cpus)
