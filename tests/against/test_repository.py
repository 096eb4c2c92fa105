"""Repository: refs are resolved or refused, and checkouts leave the user's repository alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.against.repository import Repository
from harness.errors import InputError
from tests.against.conftest import Project


@pytest.fixture
def repository(project: Project) -> Repository:
    return Repository.around(project.top / "bench", "main")


class TestRefs:
    def test_branches_tags_and_hashes_name_the_same_commit(
        self, project: Project, repository: Repository
    ) -> None:
        commit = project.git("rev-parse", "HEAD")
        project.git("tag", "--annotate", "v1", "--message", "One")
        for ref in ("main", "v1", "HEAD", commit[:9], "main@{0}", "refs/heads/main"):
            assert repository.commit(ref) == commit

    @pytest.mark.parametrize(
        "ref", ["nope", "", "-h", "--all", "main^5", "a b", "main\n", "a\0b", "main:bench", "é"]
    )
    def test_what_names_no_commit_is_refused_in_one_line(
        self, ref: str, repository: Repository
    ) -> None:
        with pytest.raises(InputError, match="no such commit here"):
            repository.commit(ref)

    def test_the_short_hash_is_that_of_git(self, project: Project, repository: Repository) -> None:
        commit = repository.commit("main")
        assert repository.short(commit) == project.git("rev-parse", "--short", "HEAD")


def test_a_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is in no git repository"):
        Repository.around(tmp_path, "main")


def test_a_machine_without_git_is_told_what_is_missing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match="--against needs git: git: cannot be started"):
        Repository.around(project.top, "main")


def test_a_hook_of_another_repository_does_not_mislead_it(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "another"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert Repository.around(project.top / "bench", "main").top == project.top


def test_submodules_are_told_of(project: Project, repository: Repository, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    part = Project(inner)
    part.git("init", "--quiet", ".")
    part.write("file", "")
    part.commit()
    assert repository.submodules(repository.commit("main")) == ()
    project.git("-c", "protocol.file.allow=always", "submodule", "add", str(inner), "vendor/inner")
    project.commit()
    assert repository.submodules(repository.commit("main")) == ("vendor/inner",)


class TestTheWorkingTreeAsItIs:
    def taken(self, repository: Repository, folder: Path) -> dict[str, str]:
        repository.check_out_changed(folder)
        files = {
            str(path.relative_to(folder)): path.read_text(encoding="utf-8")
            for path in folder.rglob("*")
            if path.is_file() and path.name != ".git"
        }
        repository.remove(folder)
        return files

    def test_an_unchanged_one_is_that_of_its_commit(
        self, project: Project, repository: Repository, tmp_path: Path
    ) -> None:
        listed = project.git("ls-files").splitlines()
        assert not repository.is_changed()
        assert sorted(self.taken(repository, tmp_path / "head")) == sorted(listed)

    def test_what_was_changed_added_or_deleted_is_so_there(
        self, project: Project, repository: Repository, tmp_path: Path
    ) -> None:
        project.write("bench/lookup.py", "changed")
        project.write("new folder/ünïcode\n.py", "new")
        project.write("staged.py", "staged")
        project.git("add", "staged.py")
        project.write("ignored.py", "ignored")
        (project.top / ".gitignore").unlink()
        project.write(".git/info/exclude", "ignored*\n")
        assert repository.is_changed()
        files = self.taken(repository, tmp_path / "head")
        assert files["bench/lookup.py"] == "changed"
        assert files["new folder/ünïcode\n.py"] == "new"
        assert files["staged.py"] == "staged"
        assert "ignored.py" not in files
        assert ".gitignore" not in files

    def test_links_stay_links_and_nothing_is_written_through_them(
        self, project: Project, repository: Repository, tmp_path: Path
    ) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "kept").write_text("theirs", encoding="utf-8")
        project.write("data/kept", "ours")
        (project.top / "hanging").symlink_to("nowhere")
        project.commit()
        (project.top / "data" / "kept").unlink()
        (project.top / "data").rmdir()
        (project.top / "data").symlink_to(outside)
        folder = tmp_path / "head"
        repository.check_out_changed(folder)
        assert (folder / "data").readlink() == outside
        assert (folder / "hanging").readlink() == Path("nowhere")
        assert [path.read_text(encoding="utf-8") for path in outside.iterdir()] == ["theirs"]
        repository.remove(folder)
        assert (outside / "kept").exists()

    def test_what_may_be_executed_still_may(
        self, project: Project, repository: Repository, tmp_path: Path
    ) -> None:
        project.write("tool", "#!/bin/sh\n").chmod(0o755)
        repository.check_out_changed(tmp_path / "head")
        assert (tmp_path / "head" / "tool").stat().st_mode & 0o111
        repository.remove(tmp_path / "head")

    def test_an_environment_in_it_can_be_left_out(
        self, project: Project, repository: Repository, tmp_path: Path
    ) -> None:
        project.write("env/bin/python", "")
        repository.check_out_changed(
            tmp_path / "head", [project.top / "env", project.top, tmp_path]
        )
        assert repository.is_changed()
        assert not repository.is_changed([project.top / "env", tmp_path])
        assert not (tmp_path / "head" / "env").exists()
        assert (tmp_path / "head" / "bench").exists()
        repository.remove(tmp_path / "head")


class TestWhatIsLeft:
    def test_neither_index_nor_files_nor_branches_change(
        self, project: Project, repository: Repository, tmp_path: Path
    ) -> None:
        project.write("staged.py", "staged")
        project.git("add", "staged.py")
        project.write("staged.py", "and changed again")

        def state() -> list[str]:
            said = [project.git("status", "--porcelain"), project.git("diff", "--cached")]
            return [*said, project.git("branch", "--all"), *project.worktrees()]

        before = state()
        repository.check_out(repository.commit("main"), tmp_path / "base")
        repository.check_out_changed(tmp_path / "head")
        assert len(project.worktrees()) == 3
        repository.remove(tmp_path / "base")
        repository.remove(tmp_path / "head")
        assert state() == before
        assert not (tmp_path / "base").exists()
        assert not (tmp_path / "head").exists()

    def test_hooks_are_not_run(
        self, project: Project, repository: Repository, tmp_path: Path
    ) -> None:
        hook = project.write(".git/hooks/post-checkout", f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
        hook.chmod(0o755)
        repository.check_out(repository.commit("main"), tmp_path / "base")
        repository.remove(tmp_path / "base")
        assert not (tmp_path / "hooked").exists()

    @pytest.mark.parametrize("damage", ["gone", "locked", "half made", "dirty"])
    def test_a_worktree_is_removed_in_whatever_state_it_is(
        self, damage: str, project: Project, repository: Repository, tmp_path: Path
    ) -> None:
        folder = tmp_path / "base"
        repository.check_out(repository.commit("main"), folder)
        if damage == "gone":
            folder.rename(tmp_path / "elsewhere")
        elif damage == "locked":
            project.git("worktree", "lock", str(folder))
        elif damage == "half made":
            (folder / ".git").unlink()
            project.git("worktree", "lock", str(folder))
        else:
            (folder / "bench" / "new.py").write_text("", encoding="utf-8")
        repository.remove(folder)
        assert not folder.exists()
        assert len(project.worktrees()) == 1

    def test_worktrees_of_others_stay_even_where_their_folder_is_not_there(
        self, project: Project, repository: Repository, tmp_path: Path
    ) -> None:
        project.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "theirs"), "main")
        (tmp_path / "theirs").rename(tmp_path / "unplugged")
        repository.check_out(repository.commit("main"), tmp_path / "base")
        repository.remove(tmp_path / "base")
        assert [each for each in project.worktrees() if "theirs" in each]
