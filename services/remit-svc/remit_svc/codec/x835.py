"""Read 835 files (005010X221A1) into advices: every ST..SE checked on all three levels.

One advice that cannot be posted never holds up another of the same file, and nothing that stands in
a file is passed over: what is no 835, or no X12 at all, becomes an advice with a fault.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from hashlib import sha256
from itertools import islice
from typing import Any

import msgspec

from rcm.events.clinical import Reason
from rcm.x12 import x835
from rcm.x12.envelope import Transaction, Unit
from rcm.x12.findings import Finding, errors
from remit_svc.codec.advice import Advice, AdvisedAdjustment, Fault, ReadFile
from remit_svc.codec.balances import doubts_of, fault_of
from remit_svc.codec.claims import NotOurs, advised, short

REASONS_MAX = 100
_CONTROL_NUMBERS_ONLY = frozenset({"st02-repeated", "isa13-repeated", "gs06-repeated"})
"""Envelope faults that put no content in doubt."""


def read_file(data: bytes, tenant_id: str) -> ReadFile:
    """Read an 835 file. Raises for nothing that a file can hold."""
    digest = sha256(data).hexdigest()
    file_id = f"rf_{_derived(tenant_id, digest)}"
    stream = x835.Stream(data, check=False)
    advices = list(_advices(stream, tenant_id, file_id))
    loose = [finding for finding in stream.findings if not finding.place.transaction_control_number]
    reasons = _reasons(loose)
    if not advices:
        fault = Fault("unreadable", reasons or (_NOTHING,))
        advices = [
            Advice(
                remittance_id=f"rem_{_derived(tenant_id, digest, 'file')}",
                file_id=file_id,
                content_sha256=digest,
                fault=fault,
            )
        ]
    return ReadFile(file_id, digest, len(data), tuple(advices), reasons)


def reason_of(finding: Finding) -> Reason:
    """Say a finding in the words of our events; no value of the file is repeated."""
    place = finding.place
    where = " ".join(filter(None, (place.loop, finding.position)))
    return Reason(
        rule_id=finding.rule_id,
        path=f"{where} (segment {place.segment_number})" if place.segment_number else where,
        text=finding.message,
        remedy=finding.rule.remedy,
        severity="error" if finding.is_error else "warning",
    )


def _advices(stream: x835.Stream, tenant_id: str, file_id: str) -> Iterator[Advice]:
    """Give an advice for each transaction of a file, whatever it holds."""
    gathered: _Gathered | None = None
    for event in stream:
        transaction = _transaction_of(event, gathered)
        if gathered is None or gathered.transaction is not transaction:
            gathered = _Gathered(transaction, tenant_id, file_id, len(stream.findings))
        match event:
            case x835.Trailer():
                found = stream.findings[gathered.findings_before :]
                yield gathered.finish(found, is_complete=event.is_complete)
            case x835.SetAside():
                gathered.set_aside(event)
                if event.unit.name == "SE":
                    yield gathered.finish([], is_complete=True)
            case _:
                gathered.take(event)


def _transaction_of(event: x835.Event, gathered: "_Gathered | None") -> Transaction:
    match event:
        case x835.Trailer():
            return event.transaction
        case x835.SetAside():
            return event.unit.transaction
        case x835.Header():
            origin = event.remittance.origin
        case x835.ClaimPayment():
            origin = event.origin
        case _:
            assert gathered is not None, "a group or PLB comes after the header of its transaction"
            return gathered.transaction
    assert origin is not None, "what was read from a file has an origin"
    return origin.unit.transaction


class _Gathered:
    """One transaction while it is read."""

    def __init__(
        self, transaction: Transaction, tenant_id: str, file_id: str, findings_before: int
    ) -> None:
        self.transaction = transaction
        self.findings_before = findings_before
        self._tenant_id = tenant_id
        self._file_id = file_id
        self._header: x835.Remittance | None = None
        self._claims: list[x835.ClaimPayment] = []
        self._adjustments: list[x835.ProviderAdjustment] = []
        self._aside: list[Finding] = []
        self._content = sha256()
        self._has_control = False
        delimiters = transaction.delimiters
        # The same content under other separators is the same advice.
        named = {
            delimiters.element: "\x1f",
            delimiters.component: "\x1e",
            delimiters.repetition: "\x1d",
        }
        allowed = "".join(key for key in named if len(key) == 1) + "\t\r\n"
        self._control = re.compile(f"[\x00-\x1f\x7f](?<![{re.escape(allowed)}])")
        self._unified = str.maketrans({key: to for key, to in named.items() if len(key) == 1})

    def take(self, event: x835.Header | x835.GroupStart | x835.ClaimPayment | Any) -> None:
        """Add a part that was read."""
        match event:
            case x835.Header(remittance):
                self._header = remittance
                assert remittance.origin is not None
                self._add_unit(remittance.origin.unit, skip=1)  # ST holds a control number
            case x835.ClaimPayment():
                self._claims.append(event)
                assert event.origin is not None
                self._add_unit(event.origin.unit)
            case x835.ProviderAdjustment():
                self._adjustments.append(event)
                self._content.update(_encoded(event))
                text = event.reason_code + event.reference_number
                self._has_control = self._has_control or self._control.search(text) is not None
            case _:
                self._content.update(_encoded(event))

    def set_aside(self, event: x835.SetAside) -> None:
        """Add a part that was not taken."""
        self._aside += event.findings
        self._add_unit(event.unit, skip=1 if event.unit.name in {"ST", "SE"} else 0)

    def finish(self, found: Sequence[Finding], *, is_complete: bool) -> Advice:
        """Make the advice, with its fault when it has one.

        Args:
            found: What the reader said since the transaction began.
            is_complete: Whether it has its SE.
        """
        content = self._content.hexdigest()
        envelope = [
            finding
            for finding in found
            if finding.is_error
            and finding.place.transaction_control_number
            and finding.rule_id not in _CONTROL_NUMBERS_ONLY
            and not any(finding is other for other in self._aside)
        ]
        broken = [*self._aside, *envelope]
        header = self._header
        if header is None:
            return self._unread(content, _reasons(broken))
        if self._has_control:
            return self._unread(content, (_CONTROL, *_reasons(broken)))
        remittance = msgspec.structs.replace(
            header,
            groups=(x835.ClaimGroup(claims=tuple(self._claims)),),
            provider_adjustments=tuple(self._adjustments),
        )
        try:
            advice = _head(remittance, self._tenant_id, self._file_id, content)
        except NotOurs as unusable:
            return self._unread(content, (_unusable(unusable),))
        if broken or not is_complete:
            return msgspec.structs.replace(advice, fault=Fault("unreadable", _reasons(broken)))
        checked = x835.check(remittance)
        fault = fault_of(remittance, checked, reason_of)
        if fault is None and advice.effective_on is None:
            fault = Fault("unreadable", (_NO_DAY,))
        try:
            claims = tuple(advised(remittance, advice))
        except NotOurs as unusable:
            fault = Fault("unreadable", (_unusable(unusable),))
            return msgspec.structs.replace(advice, fault=fault)
        return msgspec.structs.replace(
            advice,
            claims=claims,
            adjustments=tuple(
                AdvisedAdjustment(at, one.reason_code, one.reference_number, one.amount_cents)
                for at, one in enumerate(remittance.provider_adjustments, start=1)
            ),
            fault=fault,
            warnings=(
                *_reasons([f for f in checked if fault is None or not f.is_error]),
                *islice(doubts_of(remittance), REASONS_MAX),
            ),
        )

    def _unread(self, content: str, reasons: tuple[Reason, ...]) -> Advice:
        """Make an advice of which nothing is kept but that it came, and why it is held."""
        derived = _derived(self._tenant_id, content, str(self.transaction.number))
        fault = Fault("unreadable", reasons or (_NOTHING,))
        return Advice(
            remittance_id=f"rem_{derived}",
            file_id=self._file_id,
            content_sha256=content,
            fault=fault,
        )

    def _add_unit(self, unit: Unit, skip: int = 0) -> None:
        text = "\n".join(unit.texts[skip:])
        self._has_control = self._has_control or self._control.search(text) is not None
        self._content.update(text.translate(self._unified).encode("utf-8", "surrogatepass"))
        self._content.update(b"\n")


def _effective_on(remittance: x835.Remittance) -> date | None:
    """Return the payment's date; without one the day that the advice was made. A date that is there
    and cannot be read is not replaced by another: deadlines count from it.
    """
    payment = remittance.payment
    assert remittance.origin is not None, "what was read from a file has an origin"
    bpr = next(segment for segment in remittance.origin.unit.segments if segment[0] == "BPR")
    if payment.effective_on is None and len(bpr) > 16 and bpr[16]:
        return None
    return payment.effective_on or remittance.production_on


def _encoded(document: msgspec.Struct) -> bytes:
    """Write what a part says, and not where in its file it stood."""
    return msgspec.json.encode(document, enc_hook=lambda _origin: None)


def _head(
    remittance: x835.Remittance,
    tenant_id: str,
    file_id: str,
    content: str,
) -> Advice:
    payment, payer, payee = remittance.payment, remittance.payer, remittance.payee
    other_number = next((r.number for r in payer.references if r.qualifier_code == "2U"), "")
    identifier = payment.payer_number or payer.number or other_number or payer.name
    effective_on = _effective_on(remittance)
    derived = _derived(tenant_id, identifier, payment.trace_number, content)
    return Advice(
        remittance_id=f"rem_{derived}",
        file_id=file_id,
        content_sha256=content,
        payer_id=short(payer.number or other_number or identifier, "N104"),
        payer_name=short(payer.name, "N102"),
        payee_npi=short(payee.number, "N104") if payee.qualifier_code == "XX" else "",
        trace_number=short(payment.trace_number, "TRN02"),
        payer_identifier=short(identifier, "TRN03"),
        payment_cents=payment.amount_cents,
        method_code=short(payment.method_code, "BPR04"),
        effective_on=effective_on.isoformat() if effective_on is not None else None,
    )


def _unusable(fault: NotOurs) -> Reason:
    return Reason(rule_id="value-not-usable", path=fault.path, text=str(fault))


def _reasons(found: Iterable[Finding]) -> tuple[Reason, ...]:
    listed = list(found)
    # What stops it first; a file with ten thousand faults does not make an event of them all.
    listed = [*errors(listed), *(f for f in listed if not f.is_error)]
    reasons = [reason_of(finding) for finding in listed[:REASONS_MAX]]
    if len(listed) > REASONS_MAX:
        text = f"{len(listed) - REASONS_MAX} more findings are not listed."
        reasons.append(Reason(rule_id="more-findings", path="", text=text, severity="warning"))
    return tuple(reasons)


def _derived(*parts: str) -> str:
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


_NOTHING = Reason(
    rule_id="no-835",
    path="file",
    text="The file holds no 835 that can be read.",
    remedy="Send an 835 of version 005010X221A1.",
)
_CONTROL = Reason(
    rule_id="control-character",
    path="file",
    text="A text holds a control character.",
    remedy="Ask the sender for a file without; it may be damaged.",
)
_NO_DAY = Reason(
    rule_id="payment-date-missing",
    path="BPR16",
    text="The payment has no date that can be read, and the advice none either (DTM*405).",
    remedy="Ask the payer for a remittance advice with BPR16.",
)
