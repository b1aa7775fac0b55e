"""Check claims that are about to be sent: their rules, and their written form against the guide.

    for claim, found in zip(claims, check_built(submission, claims, as_of=today)): ...

It says what `FileCheck` would say of the file that the claims are written to, for a third of the
time: the text is written and matched, but not read back. A test holds the two together.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from rcm.x12 import x837_rules as rules
from rcm.x12.checker import Checker
from rcm.x12.code_sets import CodeSets, NoCodeSets
from rcm.x12.envelope import Group, Interchange, Transaction, Unit
from rcm.x12.findings import Finding
from rcm.x12.guide import Guide
from rcm.x12.reader import cut_search
from rcm.x12.writer import STANDARD, Draft, Renderer, transaction_text
from rcm.x12.x837_check import check_claim
from rcm.x12.x837_claims import (
    Claim,
    DentalClaim,
    InstitutionalClaim,
    ProfessionalClaim,
    Submission,
)
from rcm.x12.x837_faults import Fault, finding
from rcm.x12.x837_write import draft_837d, draft_837i, draft_837p

_NO_LISTS: Final = NoCodeSets()
_NUMBER: Final = "0001"


def check_built(
    submission: Submission,
    claims: Sequence[Claim],
    *,
    as_of: date | None = None,
    codes: CodeSets = _NO_LISTS,
    relax: frozenset[str] = frozenset(),
) -> list[list[Finding]]:
    """Check the claims of one transaction, which are all of one guide.

    Args:
        submission: The head of the transaction.
        claims: The claims, in the order of writing.
        as_of: The day they are sent; births and services after it are faults.
        codes: The code lists that the caller has.
        relax: Ids of rules not to apply.

    Returns:
        What is wrong with each claim, with the levels above it and with the head.

    Raises:
        NotWritable: A value holds a separator or a control character.
    """
    if not claims:
        return []
    is_encounter = submission.transaction_type_code == "RP"
    seen: set[str] = set()
    found = []
    for claim, structure in zip(claims, _structure(submission, claims, relax), strict=True):
        made = check_claim(claim, as_of=as_of, codes=codes, relax=relax, is_encounter=is_encounter)
        if claim.claim_id in seen and rules.CLAIM_ID_REPEATED.rule_id not in relax:
            message = "Another claim of the transaction has this number."
            fault = Fault(rules.CLAIM_ID_REPEATED, message, "", "CLM", 1, 0, claim.claim_id)
            made.append(finding(fault, None, claim.claim_id))
        seen.add(claim.claim_id)
        found.append([*structure, *made])
    return found


def _structure(
    submission: Submission, claims: Sequence[Claim], relax: frozenset[str]
) -> Iterator[list[Finding]]:
    """Check the written form; give what is wrong above and in each claim."""
    draft = _drafted(submission, claims)
    transaction = _transaction(draft.guide)
    checker = Checker(transaction, relax=relax)
    head: list[Finding] = []
    above: dict[str, list[Finding]] = {}
    for unit in _units(transaction, transaction_text(draft, _NUMBER, Renderer())):
        found = checker.feed(unit)
        if unit.name == "ST":
            head = found
        elif unit.name == "HL":
            level = unit.first[3]
            above = {name: faults for name, faults in above.items() if name < level}
            above[level] = found
        elif unit.name == "CLM":
            yield [*head, *(fault for faults in above.values() for fault in faults), *found]


def _units(transaction: Transaction, text: str) -> Iterator[Unit]:
    """Cut the text of a transaction as the reader would."""
    guide = transaction.guide
    assert guide is not None, "we write guides that we know"
    search, names = cut_search(STANDARD, guide.cuts)
    text = STANDARD.segment + text
    begins = [(match.start(), names[match.group()]) for match in search.finditer(text)]
    number = 1
    for (begin, name), (end, _) in zip(begins, [*begins[1:], (len(text) - 1, "")], strict=True):
        unit = Unit(transaction, name, number, begin, "utf-8")
        count = text.count(STANDARD.segment, begin, end)
        unit.extend(text[begin + 1 : end + 1], count, None, "utf-8")
        number += count
        yield unit


def _drafted(submission: Submission, claims: Sequence[Claim]) -> Draft:
    kind = type(claims[0])
    assert all(type(claim) is kind for claim in claims), "a transaction is of one guide"
    if kind is ProfessionalClaim:
        return draft_837p(submission, [one for one in claims if isinstance(one, ProfessionalClaim)])
    if kind is InstitutionalClaim:
        bills = [one for one in claims if isinstance(one, InstitutionalClaim)]
        return draft_837i(submission, bills)
    return draft_837d(submission, [one for one in claims if isinstance(one, DentalClaim)])


@lru_cache(maxsize=4)
def _transaction(guide: Guide) -> Transaction:
    """Make the envelopes that a transaction stands in; nothing in them is checked."""
    interchange = Interchange(["ISA"], STANDARD, 0, 0, "ascii")
    group = Group(interchange, ["GS"], 0, 0)
    made = Transaction(group, ["ST", guide.set_code, _NUMBER, guide.guide_id], 1, 0)
    made.guide = guide
    return made
