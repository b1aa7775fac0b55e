"""Everything that can be said of a file, whatever transactions it holds, in one iteration.

    for finding in Examination(file).findings(): ...

A file of one kind that has typed checks (835, 837) is read by them alone; another, or a mixed one,
is checked against its guides first and by each typed check after. Memory is constant: findings are
given away as they are found.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import BinaryIO

from rcm.x12 import x277ca, x835, x837_check
from rcm.x12.checker import Checker
from rcm.x12.code_sets import CodeSets, NoCodeSets
from rcm.x12.envelope import Unit
from rcm.x12.findings import Finding
from rcm.x12.origin import Origin
from rcm.x12.payer_check import PayerCheck
from rcm.x12.payer_rules import RuleSet
from rcm.x12.reader import Reader
from rcm.x12.set_aside import Unreadable
from rcm.x12.situations import Situations
from rcm.x12.situations_acknowledgment import check_ta1
from rcm.x12.x835_claims import read_claim

_NO_CODE_SETS = NoCodeSets()
#: Findings of a typed check about transactions that are simply not its own.
_NOT_ITS_OWN = frozenset({"wrong-transaction", "not-837"})


class Examination:
    """One file, examined.

    Attributes:
        reader: The reader that went over the whole file; complete once findings are exhausted.
        kinds: Transaction codes (ST01) in the file and how often each came.
    """

    def __init__(
        self,
        source: BinaryIO,
        *,
        relax: frozenset[str] = frozenset(),
        code_sets: CodeSets = _NO_CODE_SETS,
        as_of: date | None = None,
        payer_rules: Sequence[RuleSet] = (),
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._source = source
        self._relax = relax
        self._code_sets = code_sets
        self._as_of = as_of
        self._payer_rules = payer_rules
        self._progress = progress
        self.reader = Reader(source)
        self.kinds: dict[str, int] = {}

    def findings(self) -> Iterator[Finding]:
        """Give every finding of the file, each once."""
        for unit in self.reader.units():
            if unit.name == "ST":
                code = unit.transaction.set_code
                self.kinds[code] = self.kinds.get(code, 0) + 1
        yield from self._guides()
        if self._payer_rules:
            yield from self._kept(self._payers())

    def _guides(self) -> Iterator[Finding]:
        """Give what the guides say, by the typed check of a kind where there is one."""
        typed = {"835": self._remittances, "837": self._claims, "277": self._acknowledgments}
        if len(self.kinds) == 1 and (one := typed.get(next(iter(self.kinds)))) is not None:
            yield from self._kept(one())
            return
        seen: set[tuple[object, ...]] = set()
        passes = [self._structure(), *(typed[kind]() for kind in typed if kind in self.kinds)]
        for found in passes:
            for finding in self._kept(found):
                key = (
                    finding.rule_id,
                    finding.place.segment_number,
                    finding.element,
                    finding.component,
                    finding.message,
                )
                if finding.rule_id not in _NOT_ITS_OWN and key not in seen:
                    seen.add(key)
                    yield finding

    def _kept(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        return (finding for finding in findings if finding.rule_id not in self._relax)

    def _drain(self, reader: Reader, findings: list[Finding]) -> Iterator[Finding]:
        if self._progress is not None:
            self._progress(reader.bytes_read)
        if findings:
            yield from findings
            findings.clear()

    def _structure(self) -> Iterator[Finding]:
        """Check against the guides alone: envelopes, segments, elements."""
        self._source.seek(0)
        reader = self.reader = Reader(self._source)
        checker: Checker | None = None
        situations: Situations | None = None
        for unit in reader.units():
            if unit.name == "ST":
                has_guide = unit.transaction.guide is not None
                checker = Checker(unit.transaction) if has_guide else None
                situations = Situations(unit.transaction) if has_guide else None
            if checker is not None:
                reader.findings += checker.feed(unit)
            if situations is not None:
                reader.findings += situations.feed(unit)
            yield from self._drain(reader, reader.findings)
        for interchange in reader.interchanges:
            reader.findings += check_ta1(interchange)
        yield from reader.findings

    def _remittances(self) -> Iterator[Finding]:
        self._source.seek(0)
        stream = x835.Stream(self._source)
        self.reader = stream.reader
        found = stream.findings
        header: x835.Remittance | None = None
        paid = adjusted = 0
        is_whole = True
        for event in stream:
            match event:
                case x835.ClaimPayment():
                    on_date = header.payment.effective_on if header is not None else None
                    paid += event.paid_cents
                    found += x835.check_claim(event, code_sets=self._code_sets, on_date=on_date)
                case x835.ProviderAdjustment():
                    adjusted += event.amount_cents
                    found += x835.check_provider_adjustment(event)
                case x835.Header(header):
                    paid, adjusted, is_whole = 0, 0, True
                case x835.SetAside(unit):
                    is_whole = False
                    found += self._stranded(unit)
                case x835.Trailer(_, is_complete) if header is not None:
                    found += x835.check_payment(
                        header, paid, adjusted, is_whole=is_whole and is_complete
                    )
                    header = None
                case _:
                    pass
            yield from self._drain(stream.reader, found)
        yield from found

    def _stranded(self, unit: Unit) -> list[Finding]:
        """Check a claim that is set aside because the head above it is lost."""
        if unit.name != "CLP" or unit.is_cut_off or unit.transaction.guide is not x835.GUIDE:
            return []
        try:
            claim = read_claim(Origin(unit, "2000/2100"))
        except Unreadable:
            return []
        return x835.check_claim(claim, code_sets=self._code_sets, on_date=None)

    def _claims(self) -> Iterator[Finding]:
        self._source.seek(0)
        check = x837_check.FileCheck(self._source, as_of=self._as_of, codes=self._code_sets)
        self.reader = check.stream.reader
        for _ in check:
            yield from self._drain(self.reader, check.findings)
        yield from check.findings

    def _acknowledgments(self) -> Iterator[Finding]:
        if not self._has_claim_acknowledgments():
            yield from self._structure()
            return
        self._source.seek(0)
        stream = x277ca.Stream(self._source)
        self.reader = stream.reader
        totals = x277ca.Totals()
        situations: Situations | None = None
        for unit, events in stream.units():
            if unit.name == "ST":
                situations = Situations(unit.transaction, has_hierarchy=False)
            if situations is not None:
                stream.findings += situations.feed(unit)
            for event in events:
                stream.findings += totals.take(event)
            if unit.name == "SE":
                stream.findings += totals.close()
            yield from self._drain(stream.reader, stream.findings)
        yield from stream.findings

    def _payers(self) -> Iterator[Finding]:
        """Check against the payers' own rules, in an iteration of its own."""
        self._source.seek(0)
        reader = Reader(self._source)
        check = PayerCheck(self._payer_rules, relax=self._relax)
        for unit in reader.units():
            yield from check.feed(unit)

    def _has_claim_acknowledgments(self) -> bool:
        return any(
            transaction.guide is x277ca.GUIDE
            for interchange in self.reader.interchanges
            for group in interchange.groups
            for transaction in group.transactions
        )
