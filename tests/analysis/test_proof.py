"""What equal variants, and a slower one, prove."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.analysis.findings import run_findings
from harness.analysis.proof import proof_findings, proof_of
from harness.record import Proof, Severity
from harness.report.html import render_report
from harness.report.proof import proof_lines, proof_verdict
from tests.runs import Cost, make_run

EQUAL = ("equal_0", "equal_1", "equal_2")
GOOD = Proof(
    interpreter="cpython 3.13.0, asyncio",
    preset="quick",
    started="2026-01-01T00:00:00+00:00",
    groups=20,
    pairs=100,
    called_different=4,
    claimed=0,
    half_width=0.021,
    widest=0.049,
    detectable=0.031,
    slowdown=0.05,
    tries=20,
    found=19,
    seen=0.049,
)


def proved(*, factor: float, noise: float = 0.01, groups: int = 30) -> Proof:
    costs = {name: Cost(1000, 1000, 1, 1) for name in EQUAL} | {
        "slowed": Cost(1000 * factor, 1000 * factor, 1, 1)
    }
    run = make_run(
        scenarios=[f"s{index}" for index in range(groups)],
        variants=(*EQUAL, "slowed"),
        baseline="equal_0",
        costs=costs,
        noise=noise,
    )
    return proof_of(run, "slowed", factor - 1)


def test_equal_variants_are_rarely_called_different() -> None:
    proof = proved(factor=1.1)
    assert (proof.groups, proof.pairs, proof.tries) == (30, 60, 30)
    assert proof.called_different <= 9  # 3 expected
    assert proof.claimed == 0


def test_a_slower_one_is_found_and_seen_as_it_is() -> None:
    proof = proved(factor=1.2)
    assert proof.found == 30
    assert proof.seen == pytest.approx(0.2, abs=0.02)
    assert [*proof_findings(proof)] == []


def test_noise_widens_what_can_be_detected() -> None:
    quiet, noisy = proved(factor=1.05, noise=0.005), proved(factor=1.05, noise=0.05)
    assert quiet.half_width < quiet.detectable < noisy.detectable
    assert noisy.found < noisy.tries / 2
    (finding,) = proof_findings(noisy)
    assert finding.severity is Severity.WARNING


def test_intervals_that_are_too_narrow_are_an_error() -> None:
    (finding,) = proof_findings(replace(GOOD, called_different=15))
    assert finding.severity is Severity.ERROR
    assert "of 100 equal pairs 15 were called different" in finding.message


def test_what_is_kept_beside_a_run_is_in_its_report() -> None:
    run = make_run(variants=("coroutine", "task"))
    assert 'id="proof"' not in render_report(run)
    page = render_report(replace(run, proof=GOOD))
    assert 'id="proof"' in page
    assert proof_verdict(GOOD) in page
    for label, text in proof_lines(GOOD):
        assert label in page
        assert text in page


def test_a_bad_one_is_among_the_findings_of_the_run() -> None:
    run = replace(make_run(), proof=replace(GOOD, called_different=20))
    assert any("20 were called different" in each.message for each in run_findings(run))
