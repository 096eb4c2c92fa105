"""ValueTasks inside what others wrote: asyncio's own tools, anyio, a Starlette application."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import pytest

from harness.valuetask import ManualResetValueTaskSource, ValueTask, gather, value_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from tests.valuetask.conftest import Run


class Bodies:
    """Decorated bodies, made when a test runs: by the implementation that it is about."""

    def __init__(self) -> None:
        self.ended: list[str] = []

        @value_task
        async def at_once(answer: int) -> int:
            return answer

        @value_task
        async def after_a_turn(answer: int) -> int:
            await asyncio.sleep(0)
            return answer

        @value_task
        async def forever(name: str = "forever") -> int:
            try:
                await asyncio.sleep(3600)
            finally:
                self.ended.append(name)
            return 0

        @value_task
        async def failing_later() -> int:
            await asyncio.sleep(0)
            raise LookupError

        self.at_once, self.after_a_turn = at_once, after_a_turn
        self.forever, self.failing_later = forever, failing_later


def completed_soon(answer: int) -> ValueTask[int]:
    """Return one over a source that the loop completes in its next turn."""
    source = ManualResetValueTaskSource[int]()
    asyncio.get_running_loop().call_soon(source.set_result, answer)
    return source.value_task()


async def of_every_kind() -> list[ValueTask[int]]:
    """Return one of each kind, whose answers are 0 to 6, made in a running loop."""
    bodies = Bodies()
    loop = asyncio.get_running_loop()
    done, pending = loop.create_future(), loop.create_future()
    done.set_result(1)
    loop.call_soon(pending.set_result, 2)
    return [
        ValueTask(0),
        ValueTask.from_future(done),
        ValueTask.from_future(pending),
        bodies.at_once(3),
        bodies.after_a_turn(4),
        completed_soon(5),
        bodies.after_a_turn(5).then(lambda answer: answer + 1),
    ]


class TestAsyncio:
    """What the standard library does with awaitables."""

    @pytest.mark.parametrize(
        "take",
        [
            pytest.param(lambda one: one, id="await"),
            pytest.param(asyncio.ensure_future, id="ensure_future"),
            pytest.param(asyncio.shield, id="shield"),
            pytest.param(lambda one: asyncio.wait_for(one, 10), id="wait_for"),
            pytest.param(lambda one: asyncio.gather(one), id="gather"),
        ],
    )
    def test_every_kind_is_taken_as_an_awaitable(
        self, run: Run, take: Callable[[ValueTask[int]], Any]
    ) -> None:
        async def main() -> None:
            for answer, one in enumerate(await of_every_kind()):
                got = await take(one)
                assert got in (answer, [answer])

        run(main())

    def test_gather_mixes_them_with_coroutines_and_futures_in_order(self, run: Run) -> None:
        async def coroutine() -> int:
            await asyncio.sleep(0)
            return -1

        async def main() -> None:
            several = await of_every_kind()
            task = asyncio.create_task(coroutine())
            answers = await asyncio.gather(coroutine(), *several, task)
            assert answers == [-1, *range(7), -1]
            assert await gather(*await of_every_kind()) == [*range(7)]

        run(main())

    def test_as_completed_hands_out_each_once(self, run: Run) -> None:
        async def main() -> None:
            several = await of_every_kind()
            answers = [await one for one in asyncio.as_completed(several)]
            assert sorted(answers) == [*range(7)]

        run(main())

    def test_wait_takes_their_futures(self, run: Run) -> None:
        async def main() -> None:
            bodies = Bodies()
            quick, slow = bodies.after_a_turn(1).as_future(), bodies.forever().as_future()
            done, pending = await asyncio.wait(
                {quick, slow}, return_when=asyncio.FIRST_COMPLETED, timeout=10
            )
            assert (done, pending) == ({quick}, {slow})
            slow.cancel()
            await asyncio.wait({slow})
            assert bodies.ended == ["forever"]

        run(main())

    def test_a_timeout_ends_what_waits_inside_of_it_and_nothing_else(self, run: Run) -> None:
        async def main() -> None:
            bodies = Bodies()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await bodies.forever()
            assert bodies.ended == ["forever"]
            source = ManualResetValueTaskSource[int]()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001):
                    await source.value_task()
            source.set_result(1)
            async with asyncio.timeout(10):
                assert await source.value_task() == 1
                assert await bodies.after_a_turn(2) == 2
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0

        run(main())

    def test_a_timeout_that_has_run_out_does_not_touch_one_that_is_done(self, run: Run) -> None:
        async def late() -> None:
            async with asyncio.timeout(-1):
                assert await Bodies().at_once(1) == 1
                await asyncio.sleep(0)

        async def main() -> None:
            with pytest.raises(TimeoutError):
                await late()

        run(main())

    def test_wait_for_cancels_a_body_that_is_too_slow(self, run: Run) -> None:
        async def main() -> None:
            bodies = Bodies()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(bodies.forever(), 0.001)
            assert bodies.ended == ["forever"]

        run(main())

    def test_a_task_group_awaits_them_and_ends_them_where_one_fails(self, run: Run) -> None:
        async def main() -> None:
            bodies = Bodies()

            async def awaiting(one: ValueTask[int]) -> int:
                return await one

            async def failing() -> None:
                async with asyncio.TaskGroup() as group:
                    group.create_task(awaiting(bodies.forever("child")))
                    group.create_task(awaiting(bodies.failing_later()))
                    await bodies.forever("parent")

            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(awaiting(one)) for one in await of_every_kind()]
            assert [task.result() for task in tasks] == [*range(7)]
            with pytest.raises(ExceptionGroup) as caught:
                await failing()
            assert [type(error) for error in caught.value.exceptions] == [LookupError]
            assert sorted(bodies.ended) == ["child", "parent"]

        run(main())

    def test_a_shielded_future_survives_the_one_that_waits(self, run: Run) -> None:
        async def main() -> None:
            bodies = Bodies()
            inner = bodies.after_a_turn(3).as_future()
            outer = asyncio.shield(inner)
            outer.cancel()
            with pytest.raises(asyncio.CancelledError):
                await outer
            assert await inner == 3

        run(main())

    def test_a_shared_one_is_one_awaitable(self, run: Run) -> None:
        async def main() -> None:
            shared = ValueTask(1)
            assert list(await asyncio.gather(shared, shared)) == [1, 1]
            assert [await one for one in asyncio.as_completed([shared, shared])] == [1]

        run(main())

    def test_create_task_wants_a_coroutine(self, run: Run) -> None:
        async def main() -> None:
            one: Any = Bodies().at_once(1)
            with pytest.raises(TypeError, match="coroutine"):
                asyncio.create_task(one)  # noqa: RUF006 - there is none

        run(main())

    def test_a_queue_and_a_lock_work_inside_a_body(self, run: Run) -> None:
        async def main() -> None:
            queue, lock = asyncio.Queue[int](), asyncio.Lock()

            @value_task
            async def take() -> int:
                async with lock:
                    return await queue.get()

            first, second = take(), take()
            queue.put_nowait(1)
            queue.put_nowait(2)
            assert await first == 1
            assert await second == 2
            assert not lock.locked()

        run(main())


class TestAnyio:
    """anyio's structured concurrency, on asyncio and on uvloop."""

    @pytest.fixture(autouse=True)
    def _needs_anyio(self) -> None:
        pytest.importorskip("anyio", reason="anyio is not installed")

    def test_every_kind_is_awaited_under_its_scopes(self, run: Run) -> None:
        import anyio

        async def main() -> None:
            with anyio.fail_after(10), anyio.move_on_after(10):
                assert [await one for one in await of_every_kind()] == [*range(7)]

        run(main())

    def test_a_deadline_ends_the_body_that_waits_inside_of_it(self, run: Run) -> None:
        import anyio

        async def main() -> None:
            bodies = Bodies()
            with anyio.move_on_after(0.001) as scope:
                await bodies.forever()
            assert scope.cancelled_caught
            with pytest.raises(TimeoutError), anyio.fail_after(0.001):
                await bodies.forever()
            with anyio.move_on_after(0.001) as scope:
                await ManualResetValueTaskSource[int]().value_task()
            assert scope.cancelled_caught
            assert bodies.ended == ["forever", "forever"]

        run(main())

    def test_one_that_is_done_is_no_checkpoint(self, run: Run) -> None:
        import anyio
        import anyio.lowlevel

        async def main() -> None:
            with anyio.CancelScope() as scope:
                scope.cancel()
                assert await Bodies().at_once(1) == 1
                assert await ValueTask(2) == 2
                await anyio.lowlevel.checkpoint()
                pytest.fail("the scope was cancelled")
            assert scope.cancelled_caught

        run(main())

    def test_a_body_may_clean_up_behind_a_shield(self, run: Run) -> None:
        import anyio
        import anyio.lowlevel

        steps: list[str] = []

        @value_task
        async def body() -> None:
            try:
                await anyio.sleep(3600)
            finally:
                # A cancelled scope cancels again at every wait, but for this one.
                with anyio.CancelScope(shield=True):
                    await anyio.sleep(0.001)
                steps.append("cleaned up")
                await anyio.lowlevel.checkpoint()
                steps.append("not reached")

        async def main() -> None:
            with anyio.move_on_after(0.001):
                await body()

        run(main())
        assert steps == ["cleaned up"]

    def test_a_body_may_open_scopes_and_task_groups_before_it_suspends(self, run: Run) -> None:
        import anyio

        @value_task
        async def body() -> list[int]:
            answers: list[int] = []

            async def child(answer: int) -> None:
                answers.append(await Bodies().after_a_turn(answer))

            with anyio.move_on_after(0.001) as scope:
                await anyio.sleep(3600)
            assert scope.cancelled_caught
            async with anyio.create_task_group() as group:
                group.start_soon(child, 1)
                group.start_soon(child, 2)
            return sorted(answers)

        async def main() -> None:
            assert await body() == [1, 2]

        run(main())

    def test_streams_events_and_threads_work_inside_a_body(self, run: Run) -> None:
        import anyio
        import anyio.to_thread

        async def main() -> None:
            sender, receiver = anyio.create_memory_object_stream[int](1)

            @value_task
            async def produce() -> int:
                async with sender:
                    for number in range(3):
                        await sender.send(number)
                return await anyio.to_thread.run_sync(lambda: 3)

            async def consume() -> None:
                async with receiver:
                    received.extend([number async for number in receiver])

            received: list[int] = []
            async with anyio.create_task_group() as group:
                group.start_soon(consume)
                assert await produce() == 3
            assert received == [0, 1, 2]

        run(main())

    def test_anyio_runs_a_program_that_uses_them(self) -> None:
        import anyio

        async def main() -> list[int]:
            return [await one for one in await of_every_kind()]

        assert anyio.run(main) == [*range(7)]

    def test_start_soon_wants_a_coroutine(self, run: Run) -> None:
        import anyio

        async def main() -> None:
            at_once: Any = Bodies().at_once
            async with anyio.create_task_group() as group:
                with pytest.raises(TypeError, match="coroutine"):
                    group.start_soon(at_once, 1)

        run(main())

    def test_a_decorated_function_is_started_through_an_async_def(self, run: Run) -> None:
        import anyio

        async def main() -> None:
            done = []

            @value_task
            async def decorated() -> None:
                await asyncio.sleep(0)
                done.append(True)

            async def through() -> None:
                await decorated()

            async with anyio.create_task_group() as group:
                group.start_soon(through)
            assert done == [True]

        run(main())


class TestStarlette:
    """A real application, called as a server calls it."""

    @pytest.fixture(autouse=True)
    def _needs_starlette(self) -> None:
        pytest.importorskip("starlette", reason="starlette is not installed")

    def test_a_handler_awaits_a_cache_that_usually_has_the_answer(self, run: Run) -> None:
        from starlette.applications import Starlette
        from starlette.responses import JSONResponse, Response
        from starlette.routing import Route

        rows: dict[str, int] = {}

        @value_task
        async def load(key: str) -> int:
            await asyncio.sleep(0)
            rows[key] = len(key)
            return rows[key]

        def lookup(key: str) -> ValueTask[int]:
            return ValueTask(rows[key]) if key in rows else load(key)

        async def handler(request: Request) -> Response:
            answer = lookup(request.path_params["key"])
            was_there = answer.done()
            return JSONResponse({"row": await answer, "cached": was_there})

        async def failing(request: Request) -> Response:
            return JSONResponse(await ValueTask[object].from_exception(LookupError("no row")))

        async def not_found(request: Request, error: Exception) -> Response:
            return JSONResponse({"error": str(error)}, status_code=404)

        app = Starlette(
            routes=[Route("/rows/{key}", handler), Route("/fail", failing)],
            exception_handlers={LookupError: not_found},
        )

        async def main() -> None:
            assert await get(app, "/rows/abc") == (200, b'{"row":3,"cached":false}')
            assert await get(app, "/rows/abc") == (200, b'{"row":3,"cached":true}')
            assert await get(app, "/fail") == (404, b'{"error":"no row"}')
            several = await asyncio.gather(*(get(app, "/rows/" + "x" * n) for n in (1, 2, 1)))
            assert [status for status, _ in several] == [200] * 3

        run(main())

    def test_a_decorated_function_is_not_what_frameworks_take_for_a_coroutine_function(
        self,
    ) -> None:
        at_once = Bodies().at_once
        assert not inspect.iscoroutinefunction(at_once)
        assert inspect.isawaitable(at_once(1))


async def get(app: Any, path: str) -> tuple[int, bytes]:
    """Call an ASGI application as a server does; return the status and the body."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    status, body = 0, b""

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, body
        status = message.get("status", status)
        body += message.get("body", b"")

    await app(scope, receive, send)
    return status, body
