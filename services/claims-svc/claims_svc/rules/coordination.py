"""Edits of what other payers said: 2320, 2330 and 2430."""

from collections.abc import Iterator
from typing import Final

from claims_svc.model.content import ClaimContent, OtherCoverage
from claims_svc.rules.edit import Edit, Found, Setting
from rcm.money import dollars

_MEDICARE: Final = ("MA", "MB")


def _earlier(content: ClaimContent) -> list[OtherCoverage]:
    """Give the payers before whose answers a claim stands on; a void stands on its number alone."""
    return [] if content.frequency_code == "8" else content.prior_payers


def _loop(content: ClaimContent, one: OtherCoverage) -> str:
    return f"2320[{content.others.index(one) + 1}]"


def _missing(content: ClaimContent, _: Setting) -> Iterator[Found]:
    earlier = _earlier(content)
    if content.coverage.sequence_code != "P" and not content.prior_payers:
        yield Found("2320 SBR", "No payer is named that is asked before this one.")
    for one in earlier:
        if one.adjudication is None and not one.is_non_covered:
            yield Found(f"{_loop(content, one)} SBR")


def _unbalanced(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for one in _earlier(content):
        said = one.adjudication
        if said is None or said.explained_cents == content.billed_cents:
            continue
        off = content.billed_cents - said.explained_cents
        text = (
            f"The claim bills {dollars(content.billed_cents)}; paid and adjusted are"
            f" {dollars(said.explained_cents)}: {dollars(off)} is unexplained."
        )
        yield Found(f"{_loop(content, one)} AMT*D", text)


def _unknown_line(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for one in _earlier(content):
        if one.adjudication is not None and one.adjudication.unknown_lines_count:
            yield Found(f"{_loop(content, one)} 2430 SVD")


def _open_reversal(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for one in _earlier(content):
        if one.adjudication is not None and one.adjudication.open_reversals_count:
            yield Found(f"{_loop(content, one)} CAS")


def _paid_below_zero(content: ClaimContent, _: Setting) -> Iterator[Found]:
    for one in _earlier(content):
        said = one.adjudication
        if said is not None and any(line.paid_cents < 0 for line in said.lines):
            yield Found(f"{_loop(content, one)} 2430 SVD02")


def _medicare_reason(content: ClaimContent, _: Setting) -> Iterator[Found]:
    is_later = content.coverage.sequence_code != "P"
    is_medicare = content.claim_filing_indicator_code in _MEDICARE
    if is_later and is_medicare and not content.coverage.insurance_type_code:
        yield Found("2000B SBR05")


EDITS: Final = (
    Edit(
        "prior-adjudication-missing",
        _missing,
        "A payer that is asked before this one has not answered.",
        "Wait for its remittance; or say that it never covers this, as a correction.",
    ),
    Edit(
        "prior-adjudication-unbalanced",
        _unbalanced,
        "What a payer before paid and adjusted is not what was billed.",
        "Wait for the rest of its remittance; or ask that payer.",
    ),
    Edit(
        "prior-line-unknown",
        _unknown_line,
        "A payer before answered a line that is none of this claim's.",
        "Compare its remittance with the claim.",
    ),
    Edit(
        "prior-reversal-open",
        _open_reversal,
        "A payer before took an answer back that has not come.",
        "Wait for the answer, or ask that payer.",
    ),
    Edit(
        "prior-payment-negative",
        _paid_below_zero,
        "What a payer before paid for a line is below zero.",
        "Ask that payer for the correction that belongs to it.",
    ),
    Edit(
        "medicare-secondary-reason-missing",
        _medicare_reason,
        "Medicare is not the first payer, and it is not said why.",
        "Give the insurance type as a correction: 12 working aged, 13 ESRD, 43 disability ...",
    ),
)
