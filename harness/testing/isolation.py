"""Isolation: a marked test, whole, in a forked child of the pytest process.

memray 1.20 can crash at tracker exit on CPython 3.12, an audit hook cannot be removed, and other
threads allocate: in a child none of it reaches the session. The child does the set-up, call and
teardown of the one test, and sends pytest's own reports of them.

What the session had set up before, fixtures of a larger scope, the child uses as it is, and does
not tear down; what it sets up itself, of whatever scope, it tears down.
"""

from __future__ import annotations

import asyncio
import faulthandler
import importlib
import marshal
import os
import select
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, NoReturn

import pytest
from _pytest.fixtures import FixtureDef
from _pytest.runner import CallInfo, runtestprotocol

from harness.testing.event_loop import current_event_loop

__all__ = ["run_isolated", "tell_stage"]

_PATIENCE = 300.0  # seconds for one run of a test's body, and for counting it
_LENGTH = struct.Struct("!I")
_channel: int | None = None  # in a child: where it writes to the session
_kept: list[Any] = []  # in a child: what is the session's


def run_isolated(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Run the protocol of *item* in a child, report it here, and go on towards *nextitem*."""
    with suppress(ImportError):  # where there is no memray, the gate says so
        importlib.import_module("harness.testing.counting")  # once, for all children
        importlib.import_module("harness.testing.places")
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in _reports(item):
        item.ihook.pytest_runtest_logreport(report=report)
    teardown = _towards(item, nextitem)
    if teardown.failed:
        item.ihook.pytest_runtest_logreport(report=teardown)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def tell_stage() -> None:
    """In a child: say that the test's body is going to be run, or counted."""
    if _channel is not None:
        _write(_channel, {"patience": _PATIENCE})


@dataclass
class _Said:
    """What a child said until it ended."""

    reports: list[dict[str, Any]] = field(default_factory=list)
    warned: list[dict[str, Any]] = field(default_factory=list)
    exit: dict[str, Any] | None = None
    done: bool = False
    hung: bool = False
    timeout: str | None = None
    status: int = 0
    crash: str = ""


def _reports(item: pytest.Item) -> list[pytest.TestReport]:
    said = _run(item)
    if not said.done and not said.hung and said.timeout is None:
        _discard_output(item)
        said = _run(item)
    for each in said.warned:
        warnings.showwarning(_warning(each), type(_warning(each)), each["file"], each["line"])
    if said.exit is not None:
        if said.exit["reason"] is None:
            raise KeyboardInterrupt
        pytest.exit(said.exit["reason"], said.exit["returncode"])
    if said.done:
        hook = item.config.hook
        return [
            hook.pytest_report_from_serializable(config=item.config, data=data)
            for data in said.reports
        ]
    return [_died(item, said)]


def _run(item: pytest.Item) -> _Said:
    """Fork a child that runs *item*, and return what it said."""
    for stream in (sys.stdout, sys.stderr, _terminal(item)):
        with suppress(AttributeError, ValueError):
            stream.flush()
    said = _Said()
    child = 0
    with tempfile.TemporaryFile() as crash:
        reading, writing = os.pipe()
        loop = current_event_loop()  # 3.12 and later forget it in a child
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGALRM))
        try:
            with warnings.catch_warnings():
                # 3.12 and later warn where other threads run: the child waits for none of them.
                warnings.simplefilter("ignore", DeprecationWarning)
                child = os.fork()
            if child == 0:
                os.close(reading)
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
                if loop is not None:
                    asyncio.set_event_loop(loop)
                _be_child(item, writing, crash)
            os.close(writing)
            # What arrived meanwhile is raised here, where the child is known.
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            _listen(item, reading, said)
        except pytest.fail.Exception as timeout:  # pytest-timeout's, raised in its signal handler
            said.timeout = str(timeout)
        finally:
            os.close(reading)
            if child and not said.done:
                _end(child, said)
            if child:
                said.status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        crash.seek(0)
        said.crash = crash.read().decode(errors="replace")
    return said


def _listen(item: pytest.Item, reading: int, said: _Said) -> None:
    """Take note of what the child says, until it is done or gone."""
    is_patient = item.config.getoption("usepdb", False) or item.config.getoption("trace", False)
    patience: float | None = None
    while (message := _read(reading, None if is_patient else patience)) is not None:
        if "patience" in message:
            patience = message["patience"]
        elif "hung" in message:
            said.hung = True
            return
        else:
            said.reports, said.warned, said.exit = (
                message["reports"],
                message["warned"],
                message["exit"],
            )
            said.done = True
            return


def _read(reading: int, patience: float | None) -> dict[str, Any] | None:
    """Return the next message; None where the child is gone."""
    until = None if patience is None else time.monotonic() + patience
    head = _read_exactly(reading, _LENGTH.size, until)
    if head is None:
        return None
    body = _read_exactly(reading, _LENGTH.unpack(head)[0], until) if head else b""
    if body is None:
        return None
    message: dict[str, Any] = marshal.loads(body) if body else {"hung": True}
    return message


def _read_exactly(reading: int, length: int, until: float | None) -> bytes | None:
    """Return so many bytes; None where the child is gone, nothing where the time is up."""
    parts: list[bytes] = []
    while length:
        left = None if until is None else max(0.0, until - time.monotonic())
        if not select.select([reading], [], [], left)[0]:
            return b""
        part = os.read(reading, min(length, 1 << 16))
        if not part:
            return None
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _end(child: int, said: _Said) -> None:
    """End a child that is not done; one that is gone already stays as it died."""
    if said.hung or said.timeout is not None or sys.exc_info()[0] is not None:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _died(item: pytest.Item, said: _Said) -> pytest.TestReport:
    if said.timeout is not None:
        reason = said.timeout
    elif said.hung:
        reason = (
            f"allocations: the test did not end within {_PATIENCE:g} s; it runs in a process of "
            "its own, where threads that a fixture of a larger scope started before are not; give "
            "that fixture the scope of the test, or count fewer operations with operations=…"
        )
    else:
        reason = f"allocations: the process that counts died twice, by {_how(said.status)}"

    def fail() -> None:
        pytest.fail(reason, pytrace=False)

    call = CallInfo.from_call(fail, when="call")
    report = pytest.TestReport.from_item_and_call(item, call)
    output = _discard_output(item)
    for name, text in zip(("stdout", "stderr", "crash"), (*output, said.crash), strict=True):
        if text:
            report.sections.append((f"Captured {name} call", text))
    return report


def _how(status: int) -> str:
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"exit status {status}"


def _towards(item: pytest.Item, nextitem: pytest.Item | None) -> pytest.TestReport:
    """Tear down what the session had set up and *nextitem* does not need."""
    state = item.session._setupstate
    if item.session.shouldfail or item.session.shouldstop:
        nextitem = None

    def tear_down() -> None:
        capture = item.config.pluginmanager.get_plugin("capturemanager")
        if capture is None:
            state.teardown_exact(nextitem)
        else:
            with capture.item_capture("teardown", item):
                state.teardown_exact(nextitem)

    call = CallInfo.from_call(tear_down, when="teardown", reraise=(KeyboardInterrupt,))
    return pytest.TestReport.from_item_and_call(item, call)


def _discard_output(item: pytest.Item) -> tuple[str, str]:
    """Return what a child that died had printed, which pytest still holds."""
    capture = item.config.pluginmanager.get_plugin("capturemanager")
    if capture is None or not capture.is_globally_capturing():
        return "", ""
    capture.suspend_global_capture(in_=False)
    out, err = capture.read_global_capture()
    return out, err


def _terminal(item: pytest.Item) -> Any:
    return getattr(item.config.pluginmanager.get_plugin("terminalreporter"), "_tw", None)


def _be_child(item: pytest.Item, writing: int, crash: IO[bytes]) -> NoReturn:
    """Run the test, say how it went, and end this process."""
    global _channel
    status = 1
    try:
        _channel = writing
        if faulthandler.is_enabled():
            faulthandler.enable(file=crash)
        _leave_to_the_session(item)
        _write(writing, _protocol(item))
        _save_coverage()
        status = 0
    except BaseException:  # noqa: BLE001 told to the session, whatever it is
        crash.write(traceback.format_exc().encode())
        crash.flush()
    finally:
        for stream in (sys.stdout, sys.stderr, _terminal(item)):
            with suppress(AttributeError, ValueError, OSError):
                stream.flush()
        os._exit(status)


def _leave_to_the_session(item: pytest.Item) -> None:
    """Have nothing torn down here that the session has set up.

    A fixture with another parameter makes pytest finish the one of before: that too does nothing.
    """
    for finalizers, _ in item.session._setupstate.stack.values():
        _keep(finalizers)
        for finalizer in finalizers:
            definition = getattr(getattr(finalizer, "func", None), "__self__", None)
            if isinstance(definition, FixtureDef):
                _keep(definition._finalizers, definition.cached_result)
                definition._finalizers.clear()
        finalizers.clear()


def _keep(finalizers: list[Any], *others: Any) -> None:
    # A generator that nobody refers to is closed: what is behind its `yield` would be done.
    _kept.append((list(finalizers), *others))


def _protocol(item: pytest.Item) -> dict[str, Any]:
    """Return pytest's reports of the test, or why it ends the session."""
    exit_: dict[str, Any] | None = None
    reports: list[pytest.TestReport] = []
    with warnings.catch_warnings(record=True) as warned:
        try:
            # With nothing to come: all that is set up here is torn down here.
            reports = runtestprotocol(item, log=False, nextitem=None)
        except KeyboardInterrupt:
            exit_ = {"reason": None}
        except pytest.exit.Exception as error:
            exit_ = {"reason": error.msg, "returncode": error.returncode}
    hook = item.config.hook
    return {
        "reports": [
            hook.pytest_report_to_serializable(config=item.config, report=report)
            for report in reports
        ],
        "warned": [
            {
                "module": each.category.__module__,
                "category": each.category.__qualname__,
                "text": str(each.message),
                "file": each.filename,
                "line": each.lineno,
            }
            for each in warned
        ],
        "exit": exit_,
    }


def _warning(told: dict[str, Any]) -> Warning:
    category = getattr(importlib.import_module(told["module"]), told["category"], UserWarning)
    try:
        warning = category(told["text"])
    except TypeError:  # one that wants more than a text
        warning = UserWarning(told["text"])
    assert isinstance(warning, Warning)
    return warning


def _save_coverage() -> None:
    """Write what coverage saw in this child beside the session's data, which adds it up."""
    coverage = sys.modules.get("coverage")
    current = coverage.Coverage.current() if coverage is not None else None
    if current is not None:
        current.stop()
        current.save()


def _write(channel: int, message: dict[str, Any]) -> None:
    body = marshal.dumps(_plain(message))
    rest = memoryview(_LENGTH.pack(len(body)) + body)
    while rest:
        rest = rest[os.write(channel, rest) :]


def _plain(value: Any) -> Any:
    """Return *value* made of what marshal has; what else a property of a test holds, as text."""
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_plain(each) for each in value]) if _is_plain(value) else repr(value)
    return value if _is_plain(value) else repr(value)


def _is_plain(value: object) -> bool:
    return type(value) in (list, tuple, str, bytes, int, float, bool, type(None))
