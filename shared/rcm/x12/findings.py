"""What is wrong with a file, and where: a Finding is a fault in someone's data, never an exception.

A Finding knows its rule, its place (interchange, group, transaction, loop, segment, byte, element,
component), the value, what is wrong and what to do. It prints like a compiler error, with values
masked unless the caller asks for them, and it carries what a TA1 or a 999 would say of it.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from rcm.x12.mask import masked_at, masked_segment


class Severity(StrEnum):
    """How bad a finding is. Only an error makes a file, a transaction or a claim refusable."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Rule(msgspec.Struct, frozen=True):
    """One thing that we check, and may be told not to (`relax={"rule-id"}`).

    Attributes:
        rule_id: Name of the rule, kebab-case; fixed for ever.
        level: SNIP type of the check. 1 syntax, 2 guide, 3 balancing, 4 situational, 5 code sets,
            6 product or service type, 7 payer specific.
        severity: error, warning or info.
        remedy: What the sender, or the reader, should do.
        ack: The acknowledgement's segment and code for it: ("TA1", "021"), ("AK9", "4"),
            ("IK5", "3"), ("IK3", "8"), ("IK4", "7"); empty where no acknowledgement has a code.
    """

    rule_id: str
    level: int
    severity: Severity
    remedy: str
    ack: tuple[str, str] = ("", "")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a file a finding is. Numbers and offsets count from the start of the file.

    Attributes:
        interchange_control_number: ISA13.
        group_control_number: GS06.
        transaction_control_number: ST02.
        transaction_code: ST01, such as 835.
        loop: Loop path with ordinals counted from 1, such as `2000[1]/2100[3]/2110[2]`.
        claim_id: The patient control number when the place is inside a claim.
        segment_id: CLP, SVC and so on.
        segment_number: Position in the file; ISA is 1. 0 when unknown.
        transaction_segment_number: Position in the transaction; ST is 1 (what IK302 counts).
        byte_offset: First byte of the segment in the file (after decompression).
        lines: The segments to show, as (segment number, text) pairs.
    """

    interchange_control_number: str = ""
    group_control_number: str = ""
    transaction_control_number: str = ""
    transaction_code: str = ""
    loop: str = ""
    claim_id: str = ""
    segment_id: str = ""
    segment_number: int = 0
    transaction_segment_number: int = 0
    byte_offset: int = 0
    lines: tuple[tuple[int, str], ...] = ()

    def __repr__(self) -> str:
        """Say where, without a value."""
        return f"Place({self.segment_id} {self.segment_number} {self.loop})"


NOWHERE = Place()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One fault at one place. See the module's text.

    Attributes:
        rule: The rule that was broken.
        place: Where.
        message: What is wrong, with no value of the file in it.
        element: Element position from 1, as in CLP03; 0 when the whole segment is meant.
        component: Component position from 1; 0 when the whole element is meant.
        value: The offending value. Never in `repr`, and masked when printed.
        element_reference: The X12 data element number (IK403-2 gives it back), such as 782.
    """

    rule: Rule
    place: Place
    message: str
    element: int = 0
    component: int = 0
    value: str = ""
    element_reference: str = ""

    @property
    def rule_id(self) -> str:
        """Name of the rule that was broken."""
        return self.rule.rule_id

    @property
    def level(self) -> int:
        """SNIP type, 1 to 7."""
        return self.rule.level

    @property
    def severity(self) -> Severity:
        """Error, warning or info."""
        return self.rule.severity

    @property
    def is_error(self) -> bool:
        """Tell whether this makes its transaction or claim refusable."""
        return self.rule.severity is Severity.ERROR

    @property
    def claim_id(self) -> str:
        """Patient control number of the claim meant; empty outside claims."""
        return self.place.claim_id

    @property
    def position(self) -> str:
        """Segment with element and component, such as CLP03 or SVC01-2."""
        if not self.element:
            return self.place.segment_id
        position = f"{self.place.segment_id}{self.element:02d}"
        return f"{position}-{self.component}" if self.component else position

    def __repr__(self) -> str:
        """Say what and where, without a value: a Finding may reach a log."""
        return f"Finding({self.rule_id} at {self.place.segment_number} {self.position})"

    def render(self, name: str = "-", *, mask: bool = True) -> str:
        """Print like a compiler error: place, rule, excerpt, what is wrong, what to do.

        Args:
            name: The file's name as the reader knows it.
            mask: Hide what may identify a person (the default).
        """
        place = self.place
        where = " ".join(filter(None, (place.transaction_code, place.loop, self.position)))
        where += f", claim {place.claim_id}" if place.claim_id else ""
        shown = [f"{name}:{place.segment_number}: {self.severity}: {self.rule_id}"]
        shown[0] += f" ({where})" if where else ""
        if place.lines:
            shown.append("")
            shown += [
                f"{number:5d} | {masked_segment(text) if mask else text}"
                for number, text in place.lines
            ]
            shown.append("")
        value = ""
        if self.value:
            value = f" Value: {self.shown_value(mask=mask)}."
        shown.append(f"{self.message}{value}")
        shown.append(self.rule.remedy)
        shown.append(self._bearings())
        return "\n".join(shown)

    def shown_value(self, *, mask: bool = True) -> str:
        """Give the value, masked unless it is a code, a count, an amount or a control number."""
        if not mask:
            return self.value
        return masked_at(self.place.segment_id, self.element, self.component, self.value)

    def _bearings(self) -> str:
        """Say what else finds the place again: SNIP type, control numbers, byte."""
        place = self.place
        numbers = (
            ("interchange", place.interchange_control_number),
            ("group", place.group_control_number),
            ("transaction", place.transaction_control_number),
        )
        told = [f"SNIP {self.level}", *(f"{name} {number}" for name, number in numbers if number)]
        told += [f"byte {place.byte_offset}"] if place.segment_number else []
        return f"({', '.join(told)})"

    def as_dict(self, *, mask: bool = True) -> dict[str, object]:
        """Give the finding as JSON-ready values; the value is masked unless asked otherwise."""
        place = self.place
        return {
            "rule": self.rule_id,
            "severity": str(self.severity),
            "snip_level": self.level,
            "interchange_control_number": place.interchange_control_number,
            "group_control_number": place.group_control_number,
            "transaction_control_number": place.transaction_control_number,
            "transaction_code": place.transaction_code,
            "loop": place.loop,
            "claim_id": place.claim_id,
            "segment_id": place.segment_id,
            "segment_number": place.segment_number,
            "byte_offset": place.byte_offset,
            "element": self.element,
            "component": self.component,
            "value": self.shown_value(mask=mask),
            "message": self.message,
            "remedy": self.rule.remedy,
            "acknowledgement": list(self.rule.ack) if self.rule.ack[0] else None,
        }


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Keep the findings that are errors."""
    return [finding for finding in findings if finding.is_error]
