"""Crew: how the conductor holds its children, over a channel of JSON lines."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import harness
from harness.errors import MeasureError
from harness.measure.crew import Interpreter, Member, open_crew, role_of_each
from harness.measure.protocol import Channel
from harness.plan import Group, Runtime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE = str(Path(harness.__file__).resolve().parent.parent)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give both ends of a conversation."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


class TestChannel:
    @given(st.lists(st.dictionaries(st.text(), st.integers() | st.text()), max_size=5))
    @settings(deadline=None)
    def test_messages_arrive_as_they_were_sent(self, messages: list[dict[str, Any]]) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            for message in messages:
                Channel(ours).send(message)
            receiver = Channel(theirs)
            assert [receiver.receive(1) for _ in messages] == messages

    def test_a_message_may_arrive_in_pieces(
        self, ends: tuple[socket.socket, socket.socket]
    ) -> None:
        ours, theirs = ends
        pieces = json.dumps({"text": "x" * 200_000}).encode() + b"\n"
        sender = threading.Thread(target=theirs.sendall, args=(pieces,))
        sender.start()
        assert Channel(ours).receive(10) == {"text": "x" * 200_000}
        sender.join()

    def test_the_end_of_the_other_is_the_end_of_the_messages(
        self, ends: tuple[socket.socket, socket.socket]
    ) -> None:
        ours, theirs = ends
        theirs.sendall(b'{"half": ')
        theirs.close()
        assert Channel(ours).receive(1) is None

    def test_silence_is_not_waited_for(self, ends: tuple[socket.socket, socket.socket]) -> None:
        with pytest.raises(TimeoutError):
            Channel(ends[0]).receive(0.01)

    def test_half_a_message_is_kept_until_the_rest_is_there(
        self, ends: tuple[socket.socket, socket.socket]
    ) -> None:
        ours, theirs = ends
        channel = Channel(ours)
        theirs.sendall(b'{"text": "ha')
        with pytest.raises(TimeoutError):
            channel.receive(0.01)
        theirs.sendall(b'lf"}\n{"next": 1}\n')
        assert [channel.receive(1), channel.receive(1)] == [{"text": "half"}, {"next": 1}]

    def test_a_message_that_never_ends_is_not_waited_for(
        self, ends: tuple[socket.socket, socket.socket]
    ) -> None:
        ours, theirs = ends
        ended = threading.Event()

        def dribble() -> None:
            while not ended.wait(0.01):
                theirs.sendall(b"x")

        sender = threading.Thread(target=dribble)
        sender.start()
        try:
            with pytest.raises(TimeoutError):
                Channel(ours).receive(0.2)
        finally:
            ended.set()
            sender.join()

    @pytest.mark.parametrize("line", [b"nonsense", b"\xff", b"[1]", b"3", b"[" * 100_000, b""])
    def test_what_is_no_message_is_a_failure_of_one_line(
        self, line: bytes, ends: tuple[socket.socket, socket.socket]
    ) -> None:
        ours, theirs = ends
        theirs.sendall(line + b"\n")
        with pytest.raises(MeasureError, match=r"^protocol: expected") as caught:
            Channel(ours).receive(1)
        assert len(str(caught.value)) < 200

    def test_nobody_can_be_told_when_the_other_is_gone(
        self, ends: tuple[socket.socket, socket.socket]
    ) -> None:
        ours, theirs = ends
        theirs.close()
        with pytest.raises(MeasureError, match="the other process is gone"):
            Channel(ours).send({"do": "go"})


class TestMember:
    @pytest.fixture
    def make(self, ends: tuple[socket.socket, socket.socket]) -> Iterator[Callable[..., Member]]:
        with tempfile.TemporaryFile() as output:

            def made(*, says: bytes = b"", printed: bytes = b"", gone: bool = False) -> Member:
                ours, theirs = ends
                theirs.sendall(says)
                if gone:
                    theirs.close()
                output.write(printed)
                output.flush()
                return Member("mine", Channel(ours), output, patience=0.05)

            yield made

    def test_it_answers(self, make: Callable[..., Member]) -> None:
        assert make(says=b'{"operations": 20}\n').ask("prepare") == {"operations": 20}

    def test_an_error_names_the_variant(self, make: Callable[..., Member]) -> None:
        with pytest.raises(MeasureError, match=r"^mine: KeyError: 'row'$"):
            make(says=b'{"error": "KeyError: \'row\'"}\n').ask("prepare")

    def test_what_it_said_before_it_was_gone_is_heard(self, make: Callable[..., Member]) -> None:
        member = make(says=b'{"error": "no driver"}\n', gone=True)
        with pytest.raises(MeasureError, match=r"^mine: no driver$"):
            member.ask("prepare")

    @pytest.mark.parametrize(
        ("printed", "said"),
        [
            (b"", "$"),
            (b"\n \n", "$"),
            (b"first\nlast\n", "; it said: last$"),
            (b"x" * 10_000 + b"\n\xffend", "; it said: \N{REPLACEMENT CHARACTER}end$"),
        ],
    )
    def test_what_it_printed_last_is_told_when_it_died(
        self, printed: bytes, said: str, make: Callable[..., Member]
    ) -> None:
        member = make(printed=printed, gone=True)
        with pytest.raises(MeasureError, match=f"^mine: its process died during 'go'{said}"):
            member.ask("go")

    def test_reading_what_was_printed_does_not_move_where_others_print(
        self, make: Callable[..., Member]
    ) -> None:
        member = make(printed=b"first\n", gone=True)
        output = member._output
        os.lseek(output.fileno(), 3, os.SEEK_SET)
        with pytest.raises(MeasureError):
            member.ask("go")
        assert os.lseek(output.fileno(), 0, os.SEEK_CUR) == 3

    def test_silence_is_not_waited_for_longer_than_its_patience(
        self, make: Callable[..., Member]
    ) -> None:
        with pytest.raises(MeasureError, match=r"no answer to 'prepare' within 0\.05 s; does an"):
            make().ask("prepare")
        with pytest.raises(MeasureError, match=r"no answer to 'go' within 0\.01 s; does an"):
            make().ask("go", limit=0.01)


class TestInterpreter:
    def test_a_scenario_is_found_by_its_source_or_in_the_package(self) -> None:
        interpreter = Interpreter(sources={"mine": "folder/mine.py"})
        assert interpreter.source("mine") == "folder/mine.py"
        assert interpreter.source("other") == "scenarios.other"
        assert Interpreter().source("other") == "scenarios.other"

    def test_it_finds_this_very_harness_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONPATH", "theirs")
        paths = Interpreter().environment()["PYTHONPATH"].split(os.pathsep)
        assert paths[:2] == [PACKAGE, "theirs"]

    @pytest.mark.parametrize("entry", ["", "here"])
    def test_where_one_stands_is_searched_if_it_is_searched_here(
        self, entry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("PYTHONPATH", raising=False)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "path", [])
        assert Interpreter().environment()["PYTHONPATH"] == PACKAGE
        monkeypatch.setattr(sys, "path", [entry and str(Path.cwd())])
        assert Interpreter().environment()["PYTHONPATH"] == f"{PACKAGE}{os.pathsep}{Path.cwd()}"


@pytest.mark.usefixtures("nothing_left")
def test_an_exception_among_the_children_ends_them_all(
    write_scenario: Callable[..., Path],
) -> None:
    interpreter = Interpreter(sources={"sample": str(write_scenario())})
    group = Group("sample", (("sync_ratio", 1.0), ("size", 1)), ("task", "mine"), Runtime("3.13.0"))

    def interrupted() -> None:
        roles = role_of_each(group, "time")
        with open_crew(interpreter, group, roles, seed=0, hash_seed=0) as members:
            assert list(members) == ["task", "mine"]
            assert members["task"].ask("prepare") == {"operations": 20}
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
