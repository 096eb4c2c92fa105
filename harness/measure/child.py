"""Child: ``python -m harness.measure.child``, the interpreter that measures one group.

It imports the scenario once and forks one process per variant and event loop, so that these share
one memory layout, while none sees another's specialised bytecode, free lists or heap. It imports
neither pandas nor matplotlib.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import socket
import sys
import time
import traceback
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from harness import catalog
from harness.errors import AwaitbenchError, MeasureError, shortened, told, without_paths
from harness.measure import implementation
from harness.measure.affinity import pin_this_thread
from harness.measure.calibration import calibrate, floor, warm_up
from harness.measure.collector import freeze
from harness.measure.drive import open_driver
from harness.measure.protocol import TEMPORARY, TEMPORARY_PREFIX, VERSION, Channel
from harness.scenario import Params

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.measure.drive import Driver
    from harness.scenario import Scenario

__all__ = ["main"]

_ATTEMPTS = 20

# What a task needs is imported before the fork, so that the children share it.
_INSTRUMENTS = {
    "verify": ("harness.measure.observe", "harness.verify"),
    "time": ("harness.measure.timing",),
    "count": ("harness.measure.allocation",),
    "attribute": ("harness.measure.attribution",),
}


@dataclass(frozen=True)
class _Post:
    """What one forked process is there for, and its end of the conversation."""

    task: str
    variants: list[str]
    loop: str
    channel: Channel


class _Worker:
    """One variant in a process of its own: answers what the conductor says."""

    def __init__(self, job: dict[str, Any], scenario: Scenario[Any, Any, Any], loop: str) -> None:
        self._scenario = scenario
        self._params = Params(job["params"], job["seed"])
        self._loop = loop
        self._source: str = job["source"]
        self._stack = ExitStack()
        self._driver: Driver[Any, Any, Any]

    def serve(self, channel: Channel, variant: str) -> None:
        """Answer message after message until the conductor closes the channel."""
        answers: dict[str, Callable[..., dict[str, Any] | None]] = {
            "wait": lambda: {"waiting": True},
            "prepare": lambda: self._prepare(variant),
            "warm_up": self._warm_up,
            "calibrate": self._calibrate,
            "time": lambda **given: self._time(channel, **given),
            "count": self._count,
            "attribute": self._attribute,
            "close": self._close,
        }
        while (message := channel.receive()) is not None:
            answer = answers[message.pop("do")](**message)
            if answer is not None:
                channel.send(answer)

    def _prepare(self, variant: str) -> dict[str, Any]:
        self._driver = self._stack.enter_context(
            open_driver(self._scenario, variant, self._params, self._loop)
        )
        return {"operations": self._driver.operations}

    def _warm_up(self) -> dict[str, Any]:
        warm_up(self._driver)
        return {"warm": True}

    def _calibrate(self, seconds: float) -> dict[str, Any]:
        loops, each = calibrate(self._driver, seconds)
        return {"loops": loops, "seconds": each, "overhead": floor(self._driver)}

    def _time(self, channel: Channel, cpu: int | None, **given: int) -> None:
        from harness.measure.timing import time_values

        pin_this_thread(cpu)
        time_values(self._driver, channel, **given)

    def _count(self) -> dict[str, Any]:
        from harness.measure.allocation import count_allocations

        return {"allocations": asdict(count_allocations(self._driver))}

    def _attribute(self, capture: str, operations: int) -> dict[str, Any]:
        from harness.measure.attribution import attribute

        return {"captured": attribute(self._driver, self._source, capture, operations)}

    def _close(self) -> dict[str, Any]:
        self._stack.close()
        return {"closed": True}


def main() -> None:
    """Read one job from standard input, fork its workers, and stay until it is closed."""
    line = sys.stdin.readline()
    _leave_a_watch()
    if not line:
        raise SystemExit("protocol: expected a job, got nothing")
    job = json.loads(line)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # a scenario that reads gets nothing
    if job["version"] != VERSION:
        raise SystemExit(f"protocol: expected version {VERSION}, got {job['version']}")
    posts = [
        _Post(task, variants, loop, Channel(socket.socket(fileno=descriptor)))
        for task, variants, loop, descriptor in job["workers"]
    ]
    try:
        scenario = catalog.load(job["source"]).scenario
        for name in implementation.NAMES:
            implementation.missing(name)  # which imports what is there
    except Exception as error:
        for post in posts:
            post.channel.send(_failure(error))
        raise SystemExit(1) from error
    ready = [post for post in posts if _equipped(post)]

    def serve(post: _Post) -> None:
        if post.task == "verify":
            _serve_verification(job, scenario, post)
        else:
            (variant,) = post.variants
            _Worker(job, scenario, post.loop).serve(post.channel, variant)

    _fork_workers(ready, serve)
    while True:
        signal.pause()  # the conductor, or the watch, kills this process group


def _equipped(post: _Post) -> bool:
    """Import what its task needs, and tell the conductor if that fails, which fails no other."""
    try:
        for module in _INSTRUMENTS[post.task]:
            importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 told to the conductor, whatever it is
        with suppress(MeasureError):
            post.channel.send(_failure(error))
        post.channel.close()
        return False
    with suppress(Exception):  # its child will tell
        importlib.import_module(post.loop)
    return True


def _leave_a_watch() -> None:
    """Fork a process that ends all of this one's group when the conductor is gone.

    The conductor kills the group itself when it is done. Where it died, the end of our input says
    so; then what hangs would hang for ever, be it the import of the scenario, and nobody would
    remove the folder of temporary files.
    """
    group = os.getpid()
    if os.fork():
        return
    os.setsid()  # the group is killed without it
    os.closerange(1, os.sysconf("SC_OPEN_MAX"))  # no channel is held open by it
    os.read(0, 1)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    folder = os.environ.get(TEMPORARY, "")
    if Path(folder).name.startswith(TEMPORARY_PREFIX):
        for _ in range(_ATTEMPTS):
            shutil.rmtree(folder, ignore_errors=True)
            if not os.path.lexists(folder):
                break
            time.sleep(0.05)  # who was killed may have been about to write
    os._exit(0)


def _fork_workers(posts: list[_Post], serve: Callable[[_Post], None]) -> None:
    freeze()  # https://docs.python.org/3/library/gc.html#gc.freeze, on forking
    for post in posts:
        if os.fork() == 0:
            for other in posts:
                if other is not post:
                    other.channel.close()
            _guarded(post.channel, lambda: serve(post))  # noqa: B023 called at once
    for post in posts:
        post.channel.close()


def _guarded(channel: Channel, serve: Callable[[], None]) -> NoReturn:
    """Run *serve*, tell the conductor how it failed, and end this process."""
    code = 0
    try:
        serve()
    except BaseException as error:  # noqa: BLE001 told to the conductor, whatever it is
        code = 1
        with suppress(MeasureError):
            channel.send(_failure(error))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _serve_verification(
    job: dict[str, Any], scenario: Scenario[Any, Any, Any], post: _Post
) -> None:
    """Observe every variant in turn, in one process: answers are compared as objects."""
    from harness.measure.observe import observe_all
    from harness.verify import compare

    if post.channel.receive() is None:  # it can only be told to verify
        return
    params = Params(job["params"], job["seed"])
    observed = observe_all(
        scenario,
        post.variants,
        params,
        post.loop,
        lambda variant: post.channel.send({"observing": variant}),
        with_upkeep=True,
    )
    post.channel.send({"comparing": True})
    seen = compare(observed, scenario.awaited_share(params), scenario.operations_of(params))
    post.channel.send({"observations": {name: asdict(each) for name, each in seen.items()}})


def _failure(error: BaseException) -> dict[str, Any]:
    """Return the message that says how something failed, and in which line."""
    text = shortened(without_paths(told(error)))
    frames = traceback.extract_tb(error.__traceback__)
    if frames and not isinstance(error, AwaitbenchError):
        text += f" ({Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name})"
    return {"error": text}


if __name__ == "__main__":
    main()
