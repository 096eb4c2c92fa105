"""Environment: a real one, in which a child measures, found again, and made again when it broke."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.environments import code, packages
from harness.environments.environment import environment_for
from harness.environments.kept import kept_folders
from harness.environments.native import FLAGS, Compiler, compile_native, compiler_for
from harness.environments.python import this_python
from harness.errors import InputError
from harness.measure.crew import Interpreter
from harness.measure.environment import probe
from harness.measure.implementation import missing
from tests.environments.conftest import MODULE, Real

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
CHILD = (
    "import harness.measure.child as child, importlib\n"
    "for modules in child._INSTRUMENTS.values():\n"
    "    for module in modules: importlib.import_module(module)\n"
)


def inside(real: Real, program: str) -> subprocess.CompletedProcess[str]:
    """Run *program* as a child is run there."""
    interpreter = Interpreter(real.environment.executable, paths=real.environment.paths)
    return subprocess.run(
        [interpreter.executable, "-c", program],
        env=interpreter.environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def asked(real: Real, requirements: tuple[str, ...] | None = None) -> object:
    wanted = (real.requirement,) if requirements is None else requirements
    return environment_for(real.environment.python, wanted, pytest.fail)


def refuse(*_: object, **__: object) -> None:
    pytest.fail("it was made again")


class TestReal:
    def test_it_is_its_own_and_says_what_took_long(self, real: Real) -> None:
        environment = real.environment
        assert environment.own
        assert not environment.reused
        name = environment.python.name
        assert real.said[0] == f"making an environment for {name} (once)"
        assert real.said[1].startswith(f"environment for {name}: took ")
        assert len(real.said) == 2

    def test_it_has_all_that_a_child_imports(self, real: Real) -> None:
        if "memray" in real.environment.lacking:
            pytest.skip("memray is not installed here")
        done = inside(real, CHILD)
        assert done.returncode == 0, done.stderr

    def test_it_has_nothing_more(self, real: Real) -> None:
        lacks = ("pandas", "matplotlib", "msgspec", "numpy", "pytest", "pip", "setuptools")
        program = "import importlib.util as u, json, sys\n"
        program += f"print(json.dumps([n for n in {lacks} if u.find_spec(n)]))"
        assert json.loads(inside(real, program).stdout) == []

    def test_it_has_what_the_scenario_declares(self, real: Real) -> None:
        assert inside(real, f"import {MODULE}; print({MODULE}.ANSWER)").stdout == "42\n"

    def test_its_harness_is_a_copy_beside_the_shipped_scenarios(self, real: Real) -> None:
        program = "import harness, scenarios; print(harness.__file__); print(scenarios.__file__)"
        ours, theirs = inside(real, program).stdout.split()
        assert Path(ours).is_relative_to(real.cache)
        assert Path(theirs).resolve() == ROOT / "scenarios" / "__init__.py"

    def test_it_says_of_itself_what_this_one_does(self, real: Real) -> None:
        there = probe(Interpreter(real.environment.executable, paths=real.environment.paths))
        here = probe(Interpreter())
        for name in ("python", "implementation", "compiler", "pyperf", "memray"):
            assert there[name] == here[name]
        if not missing("native") or "native" not in real.environment.lacking:
            assert there["without_native"] == real.environment.lacking.get("native", "")

    def test_found_again_it_starts_no_program(
        self, in_cache: Real, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if "native" in in_cache.environment.lacking:
            pytest.skip("without a compiler it is asked whether there is one now")
        monkeypatch.setattr(subprocess, "Popen", refuse)
        again = environment_for(in_cache.environment.python, (in_cache.requirement,), pytest.fail)
        assert again.reused
        assert (again.executable, again.paths) == (
            in_cache.environment.executable,
            in_cache.environment.paths,
        )

    def test_what_it_depends_on_makes_another_one(
        self, in_cache: Real, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(*_: object) -> None:
            raise InputError("another one would be made")

        monkeypatch.setattr(packages, "_filled", refused)
        python = in_cache.environment.python
        environment_for(python, (in_cache.requirement,))
        for other, requirements in (
            (python, ()),
            (python, (in_cache.requirement, "more")),
            (replace(python, build="another"), (in_cache.requirement,)),
            (replace(python, base="/another"), (in_cache.requirement,)),
        ):
            with pytest.raises(InputError, match="another one would be made"):
                environment_for(other, requirements)
        monkeypatch.setattr(packages, "NEEDED", ("pyperf>=3",))
        with pytest.raises(InputError, match="another one would be made"):
            environment_for(python, (in_cache.requirement,))

    def test_without_pyperf_it_is_made_again(
        self, in_cache: Real, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refused(*_: object) -> None:
            raise InputError("it is made again")

        monkeypatch.setattr(packages, "_filled", refused)
        assert in_cache.environment.packages is not None
        module = in_cache.environment.packages / "pyperf" / "__init__.py"
        text = module.read_bytes()
        module.unlink()
        try:
            with pytest.raises(InputError, match="it is made again"):
                environment_for(in_cache.environment.python, (in_cache.requirement,))
        finally:
            module.write_bytes(text)
        assert environment_for(in_cache.environment.python, (in_cache.requirement,)).reused


class TestAsItIs:
    def test_the_one_that_runs_this_is_used_as_it_is(self, cache: Path) -> None:
        environment = environment_for(this_python(), ["pyperf>=2"])
        assert (environment.executable, environment.paths) == (sys.executable, ())
        assert (environment.own, environment.reused, environment.packages) == (False, True, None)
        assert not cache.exists()

    @pytest.mark.parametrize("has", ["a virtual environment", "pyperf and memray"])
    def test_so_is_one_in_which_somebody_installed_what_it_measures(
        self, has: str, in_cache: Real
    ) -> None:
        modules = frozenset({"pyperf", "memray"}) if "memray" in has else frozenset[str]()
        python = replace(
            in_cache.environment.python,
            in_environment="virtual" in has,
            modules=modules,
            executable="/theirs/python",
        )
        environment = environment_for(python)
        assert (environment.executable, environment.own) == ("/theirs/python", False)
        assert environment.paths == in_cache.environment.paths

    def test_where_that_lacks_what_is_declared_it_is_one_line(self, cache: Path) -> None:
        python = replace(this_python(), prefix="/theirs", in_environment=True)
        told = r"its virtual environment lacks no-such-package>=2, which the scenario file declares"
        with pytest.raises(InputError, match=told):
            environment_for(python, ["no-such-package>=2", "pyperf"])


class TestCode:
    def test_changed_code_is_copied_again_and_not_compiled(
        self, in_cache: Real, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        if "native" in in_cache.environment.lacking:
            pytest.skip("the ValueTask in C was not built")
        before = kept_folders()
        changed = tmp_path / "harness"
        subprocess.run(["/bin/cp", "-r", str(ROOT / "harness"), str(changed)], check=True)
        (changed / "plan.py").write_text("CHANGED = 1\n", encoding="utf-8")
        monkeypatch.setattr(code, "_root", lambda: changed)
        monkeypatch.setattr(code, "compile_native", refuse)
        environment = environment_for(in_cache.environment.python, (in_cache.requirement,))
        folder = Path(environment.paths[0])
        assert (folder / "harness" / "plan.py").read_text(encoding="utf-8") == "CHANGED = 1\n"
        assert [*(folder / "harness" / "valuetask").glob("_native*.so")]
        assert len(kept_folders()) == len(before) + 1

    def test_without_a_compiler_there_is_the_pure_one_until_there_is_a_compiler(
        self, cache: Path, real: Real, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        python = replace(real.environment.python, in_environment=True)
        monkeypatch.setenv("CC", "false")
        environment = environment_for(python)
        assert environment.lacking["native"].startswith("not built: false fails with exit code 1")
        assert environment_for(python).reused
        interpreter = Interpreter(sys.executable, paths=environment.paths)
        assert probe(interpreter)["without_native"] == environment.lacking["native"]
        monkeypatch.delenv("CC")

        def compiled(_: Compiler, __: Path, target: Path) -> str:
            target.write_bytes(b"an extension module")
            return ""

        monkeypatch.setattr(code, "compile_native", compiled)
        again = environment_for(python)
        assert (again.reused, again.lacking) == (False, {})
        assert environment_for(python).reused


class TestNative:
    def test_it_is_compiled_with_the_flags_of_setup_py(self) -> None:
        assert f"extra_compile_args={json.dumps([*FLAGS])}" in (ROOT / "setup.py").read_text(
            encoding="utf-8"
        )

    def test_a_compiler_that_is_not_there_is_a_reason(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("CC", "no-such-compiler -O2")
        assert compiler_for(this_python()).lacking == (
            "there is no C compiler: no-such-compiler is not installed"
        )

    def test_headers_that_are_not_there_are_a_reason(
        self, program: Callable[[str, str], str]
    ) -> None:
        told = {"CC": "cc", "CFLAGS": "", "CCSHARED": "", "LDSHARED": "cc -shared"}
        said = json.dumps({**told, "include": ["/nowhere", "/nowhere"]})
        without = replace(this_python(), executable=program("python", f"echo '{said}'"))
        assert compiler_for(without).lacking == (
            "Python.h is not there: its headers are not installed"
        )

    def test_an_interpreter_that_does_not_say_how_it_was_built_is_a_reason(
        self, program: Callable[[str, str], str]
    ) -> None:
        silent = replace(this_python(), executable=program("python", "exit 1"))
        assert "does not say how it was built" in compiler_for(silent).lacking

    def test_what_does_not_compile_says_the_first_error(self, tmp_path: Path) -> None:
        compiler = compiler_for(this_python())
        if compiler.lacking:
            pytest.skip(compiler.lacking)
        (tmp_path / "broken.c").write_text("int broken( {\n", encoding="utf-8")
        target = tmp_path / "broken.so"
        reason = compile_native(compiler, tmp_path, target)
        assert "fails with exit code 1: broken.c:1" in reason
        assert str(tmp_path) not in reason
        assert not target.exists()

    def test_what_compiles_is_imported(self, tmp_path: Path) -> None:
        compiler = compiler_for(this_python())
        if compiler.lacking:
            pytest.skip(compiler.lacking)
        source = (
            "#include <Python.h>\n"
            "static struct PyModuleDef made = "
            '{PyModuleDef_HEAD_INIT, "tiny", 0, 0, 0, 0, 0, 0, 0};\n'
            "PyMODINIT_FUNC PyInit_tiny(void) { return PyModuleDef_Init(&made); }\n"
        )
        (tmp_path / "tiny.c").write_text(source, encoding="utf-8")
        assert compile_native(compiler, tmp_path, tmp_path / f"tiny{this_python().abi}") == ""
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", "import tiny"], env=environment, check=False)
        assert done.returncode == 0


def test_packages_that_are_wished_for_are_those_of_this_interpreter(real: Real) -> None:
    for name in ("memray", "uvloop"):
        if name not in real.environment.lacking:
            assert metadata.version(name)
