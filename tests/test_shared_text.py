"""What several interpreters say, in one text, and what it says of each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harness.shared_text import text_of, together

SAID = st.dictionaries(
    st.sampled_from(["3.11.7", "3.13.0", "3.13.0t", "pypy 3.11.11"]),
    st.sampled_from(["GCC 12.2.0", "Clang 18 (tags: none)", "", "none"]),
    min_size=1,
)


def test_what_is_the_same_is_said_once() -> None:
    said = [("3.11.7", "GCC"), ("3.12.1", "GCC"), ("3.13.0", "Clang"), ("3.13.0", "Clang")]
    assert together(said) == "3.11.7, 3.12.1: GCC; 3.13.0: Clang"
    assert together(said[:2]) == "GCC"


@given(SAID)
def test_it_says_of_each_what_that_said(said: dict[str, str]) -> None:
    joined = together(said.items())
    assert {name: text_of(joined, name) for name in said} == said
