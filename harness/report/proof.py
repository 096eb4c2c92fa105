"""What a proof says, as labels and texts for terminal and page. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.report.figures import percent_text, visible

if TYPE_CHECKING:
    from harness.record import Proof

__all__ = ["proof_lines", "proof_verdict"]

_EXPECTED = 0.05


def proof_lines(proof: Proof) -> tuple[tuple[str, str], ...]:
    """Return label -> text, in the order in which they are shown."""
    expected = _EXPECTED * proof.pairs
    found = f"found in {proof.found} of {proof.tries} tries"
    return (
        (
            "equal pairs called different",
            f"{proof.called_different} of {proof.pairs} by their 95 % intervals "
            f"({expected:.3g} expected by chance); {proof.claimed} claimed by a report",
        ),
        (
            "interval of a ratio",
            f"± {percent_text(proof.half_width)} at the median, "
            f"± {percent_text(proof.widest)} at the widest",
        ),
        (
            "difference it detects",
            f"{percent_text(proof.detectable)} and more, four times of five",
        ),
        (
            f"injected: {percent_text(proof.slowdown)} slower",
            f"{found}, seen as {percent_text(proof.seen)}" if proof.tries else "not measured",
        ),
        (
            "measured",
            f"{proof.groups} groups, preset {visible(proof.preset)}, "
            f"{visible(proof.interpreter)}, {visible(proof.started)}",
        ),
    )


def proof_verdict(proof: Proof) -> str:
    """Return in one sentence what the proof comes to."""
    share = proof.called_different / proof.pairs if proof.pairs else 0.0
    return (
        f"Equal variants under different names: {share * 100:.2g} % of {proof.pairs} pairs were "
        f"called different at 95 %; a variant that is {percent_text(proof.slowdown)} slower was "
        f"found in {proof.found} of {proof.tries} tries."
    )
