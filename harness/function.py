"""Function: an existing ``async def``, measured as it is: a scenario without a file of its own.

The call is compiled into each variant as if it were written there, so that its arguments cost
what they cost in a program, and lists among them are new ones in each call.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import math
import pkgutil
import re
import sys
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from harness import valuetask
from harness.errors import InputError, UnknownNameError
from harness.importing import import_source, make_importable
from harness.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from harness.scenario import Params

__all__ = ["FIRST", "LATER", "Call", "call_options", "read_source"]

FIRST = "the first call"
LATER = ("a later call", "a still later call")

_PREFIX = "callable:"
_REQUESTS = 20
_LONGEST_TITLE = 200
_TITLE = re.compile(r"([^\s:]+:[\w.]+)\((.*?)(?:\)|…)")
_EXAMPLE = "--args '\"key\", 3, retries=2'"

# The call goes where three dots are.
_VARIANTS = """
def coroutine(called, request):
    return called.function(...)
def task(called, request):
    return create_task(called.function(...))
def value_task(called, request):
    return called.value_task(...)
"""


@dataclass(frozen=True)
class Call:
    """A call of the function *target* with *arguments*, the text between the parentheses.

    target
        ``package.module:function``, or ``path/to/file.py:function``; ``Class.method`` too.
    share
        Share of the calls that complete without suspending; NaN: nobody has looked yet.
    """

    target: str
    arguments: str = ""
    share: float = math.nan

    @property
    def source(self) -> str:
        """The call as the text that travels to a process that measures it."""
        return _PREFIX + json.dumps(asdict(self))

    @property
    def name(self) -> str:
        """The name of the function: that of the scenario."""
        return _split(self.target)[1].rpartition(".")[2]

    @property
    def title(self) -> str:
        """The call as it would be written, for people: it names no folder."""
        place, name = _split(self.target)
        place = Path(place).name if place.endswith(".py") else place
        call = ast.unparse(_parsed(self.arguments)).removeprefix("f")
        text = f"{place}:{name}{call}"
        return text if len(text) <= _LONGEST_TITLE else text[: _LONGEST_TITLE - 1] + "…"

    @property
    def place(self) -> str:
        """The module, or the path of the file, that holds the function."""
        return _split(self.target)[0]

    @property
    def file(self) -> str:
        """The file of the module that is named; the function has been found there."""
        place, _ = _split(self.target)
        return place if place.endswith(".py") else str(sys.modules[place].__file__)

    def function(self) -> Callable[..., Any]:
        """Import and return the function.

        InputError where there is none, it is no ``async def``, or the arguments do not fit.
        """
        found = _found(self.target)
        call = _parsed(self.arguments)
        given = [ast.literal_eval(argument) for argument in call.args]
        named = {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}
        signature = inspect.signature(found)
        try:
            signature.bind(*given, **named)
        except TypeError as error:
            raise InputError(
                f"--args {self.arguments!r}: {error}; {self.name} takes {signature}"
            ) from None
        return found

    def scenario(self) -> Scenario[Any, str, Any]:
        """Return the call as a scenario; where the share is not known, one that finds it."""
        function = self.function()
        variants = _variants(self.arguments)
        if math.isnan(self.share):
            plain = variants["coroutine"]
            names = (FIRST, *LATER)
            chosen = [FunctionType(plain.__code__, plain.__globals__, name) for name in names]
        else:
            chosen = list(variants.values())

        @asynccontextmanager
        async def setup(_: Params) -> AsyncIterator[_Called]:
            # By the package's attribute, which is the implementation that is measured.
            yield _Called(function, valuetask.value_task(function))

        return Scenario(
            title=self.title,
            setup=setup,
            requests=lambda _, __: [self.title] * _REQUESTS,
            variants=tuple(chosen),
            sync_ratio=lambda _: self.share,
        )


@dataclass(frozen=True, slots=True)
class _Called:
    function: Callable[..., Any]
    value_task: Callable[..., Any]


def read_source(source: str) -> Call | None:
    """Return the call that :attr:`Call.source` gave this text for; None for another source."""
    if not source.startswith(_PREFIX):
        return None
    return Call(**json.loads(source.removeprefix(_PREFIX)))


def call_options(title: str) -> tuple[str, ...]:
    """Return the options of ``awaitbench run`` for a call of that :attr:`Call.title`.

    Empty for the title of another scenario. Of a file they have the name, not the folder.
    """
    found = _TITLE.fullmatch(title)
    if found is None:
        return ()
    target, arguments = found.groups()
    return ("--callable", target, *(("--args", arguments) if arguments else ()))


def _variants(arguments: str) -> dict[str, FunctionType]:
    """Compile the variants around the call."""
    call = _parsed(arguments)
    module = ast.parse(_VARIANTS)
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and [ast.unparse(each) for each in node.args] == ["..."]:
            node.args, node.keywords = call.args, call.keywords
    code = compile(module, f"<{_EXAMPLE.split()[0]}>", "exec")
    namespace = {"create_task": asyncio.create_task, "set": set}
    return {
        each.co_name: FunctionType(each, namespace)
        for each in code.co_consts
        if isinstance(each, CodeType)
    }


def _parsed(arguments: str) -> ast.Call:
    """Return a call of ``f`` with the arguments; InputError for anything but literals."""
    expected = f"expected what stands between the parentheses of a call, as in {_EXAMPLE}"
    try:
        call = ast.parse(f"f({arguments}\n)", mode="eval")
        compile(call, "<--args>", "eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InputError(f"--args {arguments!r}: {reason}; {expected}") from None
    body = call.body
    if not isinstance(body, ast.Call) or not isinstance(body.func, ast.Name):
        raise InputError(f"--args {arguments!r}: {expected}")  # a parenthesis closes the call
    for value in (*body.args, *(keyword.value for keyword in body.keywords)):
        try:
            ast.literal_eval(value)
        except (ValueError, TypeError):
            raise InputError(
                f"--args {arguments!r}: {ast.unparse(value)} is not a literal; {expected}"
            ) from None
    if any(keyword.arg is None for keyword in body.keywords):
        raise InputError(f"--args {arguments!r}: ** is not taken; {expected}")
    return body


def _split(target: str) -> tuple[str, str]:
    """Return the module or file, and the function in it."""
    place, _, name = target.rpartition(":")
    if not place or not all(part.isidentifier() for part in name.split(".")):
        raise InputError(
            f"--callable {target}: expected package.module:function or path/to/file.py:function"
        )
    return place, name


def _found(target: str) -> Callable[..., Any]:
    """Return what can be called and is an ``async def``."""
    place, name = _split(target)
    owner: Any = None
    value: Any = _imported(place)
    for part in name.split("."):
        owner = value
        try:
            value = getattr(owner, part)
        except AttributeError:
            raise _no_such(target, owner, part) from None
    plain = inspect.getattr_static(owner, part)
    if inspect.isclass(owner) and inspect.isfunction(plain):
        raise InputError(
            f"--callable {target}: a method of an object, which somebody has to make; "
            f"write a scenario that does: awaitbench new {part}_scenario"
        )
    if not _is_asynchronous(value):
        raise InputError(
            f"--callable {target}: {_what(value)}; expected an async def. Write one that awaits "
            "it, or a scenario: awaitbench new NAME"
        )
    return value if inspect.iscoroutinefunction(value) else value.__call__  # type: ignore[no-any-return]


def _what(value: Any) -> str:
    """Return what *value* is, instead of an ``async def``."""
    if inspect.isasyncgenfunction(value):
        return "it is an async generator, whose answers are many"
    if inspect.isclass(value):
        return "it is a class"
    return "it is no async def" if callable(value) else f"it is of type {type(value).__name__}"


def _imported(place: str) -> ModuleType:
    """Import a file, or a module that the current directory may hold, as with ``python -m``."""
    if not place.endswith(".py"):
        make_importable(Path.cwd())
    try:
        return import_source(place)
    except InputError as error:
        cause = error.__cause__
        if isinstance(cause, ModuleNotFoundError) and f"{place}.".startswith(f"{cause.name}."):
            raise InputError(_no_such_module(str(cause.name))) from None
        raise


def _no_such_module(name: str) -> str:
    package, _, last = name.rpartition(".")
    folders = getattr(sys.modules[package], "__path__", []) if package else None
    known = {module.name for module in pkgutil.iter_modules(folders)}
    if not package:  # a folder without __init__.py is a package too
        known |= {path.name for path in Path.cwd().iterdir() if path.is_dir()}
    near = get_close_matches(last, known, n=3, cutoff=0.6)
    hint = (
        f"did you mean {' or '.join(near)}?"
        if near
        else ("call awaitbench in the folder that holds it, or give path/to/file.py:function")
    )
    return f"--callable: no module is named {name!r}; {hint}"


def _no_such(target: str, owner: Any, name: str) -> InputError:
    """Return the error for a name that *owner* does not have: what of it could be called."""
    known = [
        each
        for each, value in vars(owner).items()
        if not each.startswith("__") and (inspect.isclass(value) or _is_asynchronous(value))
    ]
    if not known:
        return InputError(f"--callable {target}: no {name!r} is there, nor any async def")
    return UnknownNameError(f"function of {target.rpartition(':')[0]}", name, known)


def _is_asynchronous(value: Any) -> bool:
    """Tell whether *value* is an ``async def``, or an object whose ``__call__`` is one."""
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    return inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(type(value).__call__)
