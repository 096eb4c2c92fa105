"""Repository: the user's git repository, and checkouts of it elsewhere that leave it as it was."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import InputError
from harness.program import Ended, run_program

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Repository"]

_SUBMODULE = "160000"  # the mode of its entry in a tree
# What git sets for a hook, and what would have it look at another repository than that of the
# folder: awaitbench may be called by a hook.
_OF_HOOKS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")


@dataclass(frozen=True)
class Repository:
    """A git repository with a working tree; *top* is the folder of that."""

    top: Path

    @classmethod
    def around(cls, folder: Path, ref: str) -> Repository:
        """Return the repository that *folder* is in; InputError if it is in none."""
        ended = _git(folder, "rev-parse", "--show-toplevel")
        if ended.code != 0:
            raise InputError(
                f"--against {ref}: the working directory is in no git repository "
                f"({_last_line(ended.errors)}); run it inside the one that has your code"
            )
        return cls(Path(ended.output.removesuffix("\n")).resolve())

    def commit(self, ref: str) -> str:
        """Return the hash of the commit that *ref* names; InputError if there is none."""
        found = ""
        if ref and not ref.startswith("-") and "\0" not in ref:
            found = self._said("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^0")
        if not found:
            raise InputError(
                f"--against {ref}: no such commit here; give a branch, a tag or a hash, and fetch "
                "it first (a build server often has only the newest commit: fetch-depth: 0)"
            )
        return found

    def short(self, commit: str) -> str:
        """Return the hash of *commit* as short as it is still unique."""
        return self._said("rev-parse", "--short", commit) or commit[:12]

    def head(self) -> str:
        """Return the commit that the working tree is at; it exists where any other does."""
        return self._said("rev-parse", "--verify", "--quiet", "HEAD^0")

    def is_changed(self, left_out: Sequence[Path] = ()) -> bool:
        """Tell whether the working tree differs from its commit, but for what is *left_out*."""
        inside = [each.relative_to(self.top) for each in self._inside(left_out)]
        excluded = [f":(top,exclude,literal){each}" for each in inside]
        return bool(self._said("status", "--porcelain", "-z", "--", ":(top)", *excluded))

    def submodules(self, commit: str) -> tuple[str, ...]:
        """Return the folders of *commit* that are submodules, which no checkout has."""
        entries = self._said("ls-tree", "-r", "-z", commit).split("\0")
        return tuple(entry.partition("\t")[2] for entry in entries if entry.startswith(_SUBMODULE))

    def check_out(self, commit: str, folder: Path) -> None:
        """Have *folder* hold *commit*, as a worktree."""
        self._add(folder, commit)

    def check_out_changed(self, folder: Path, left_out: Sequence[Path] = ()) -> None:
        """Have *folder* hold the working tree as it is on disk, as a worktree at its commit.

        Tracked files and those that git does not ignore; symbolic links stay links. What is
        under *left_out* is not taken.
        """
        self._add(folder, "HEAD", "--no-checkout")
        _git(folder, "read-tree", "HEAD")
        not_taken = self._inside(left_out)
        listed = self._said("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        for name in filter(None, listed.split("\0")):
            source = self.top / name
            if not any(each in source.parents for each in not_taken):
                _copy(source, folder / name, self.top)

    def remove(self, folder: Path) -> None:
        """Remove the worktree *folder*, and what git knows of it, whatever is in it."""
        command = ("worktree", "remove", "--force", "--force", str(folder))
        ended = _git(self.top, *command)
        shutil.rmtree(folder, ignore_errors=True)
        if ended.code != 0:  # it was only half made; git removes what is not there at all
            _git(self.top, *command)

    def _inside(self, folders: Sequence[Path]) -> list[Path]:
        """Return those below the top: an environment may be around it, as /usr is."""
        return [each for each in folders if self.top in each.parents]

    def _add(self, folder: Path, commit: str, *options: str) -> None:
        ended = _git(
            self.top, "worktree", "add", "--detach", "--quiet", *options, str(folder), commit
        )
        if ended.code != 0:
            raise InputError(
                f"--against: git cannot check a version out ({_last_line(ended.errors)})"
            )

    def _said(self, *words: str) -> str:
        """Return what git says; empty where it fails."""
        ended = _git(self.top, *words)
        return ended.output.removesuffix("\n") if ended.code == 0 else ""


def _git(folder: Path, *words: str) -> Ended:
    environment = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
    environment |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    # A checkout must not run the hooks of the repository.
    command = ["git", "-c", f"core.hooksPath={os.devnull}", *words]
    try:
        return run_program(command, folder=folder, environment=environment)
    except InputError as error:
        raise InputError(f"--against needs git: {error}") from error


def _last_line(text: str) -> str:
    return next(reversed(text.strip().splitlines()), "it says nothing")


def _copy(source: Path, target: Path, top: Path) -> None:
    """Copy a file or a link; what is not there, or is reached through a link, is left out."""
    inside = source.relative_to(top).parents
    if any((top / parent).is_symlink() for parent in inside):
        return
    if not source.is_symlink() and not source.is_file():  # deleted, a submodule, a socket
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):  # deleted meanwhile
        shutil.copy2(source, target, follow_symlinks=False)
