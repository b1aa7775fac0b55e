"""The documents of a 999: what became of a functional group, and of each transaction in it.

GroupAcknowledgment                 AK1 .. AK9
└─ TransactionAcknowledgment        2000  AK2 .. IK5
   └─ SegmentError                  2100  IK3, CTX
      └─ ElementError               2110  IK4, CTX
"""

from msgspec import Struct

ACCEPTED, ACCEPTED_WITH_ERRORS, PARTLY, REJECTED = "A", "E", "P", "R"


class Context(Struct, frozen=True, kw_only=True):
    """What an error belongs to. CTX."""

    name: str  # CTX01-1: CLM01, SITUATIONAL TRIGGER, ...
    reference_number: str = ""  # CTX01-2: the claim's number, ...
    segment_id: str = ""  # CTX02
    segment_position: str = ""  # CTX03
    loop_id: str = ""  # CTX04
    element_position: str = ""  # CTX05, components joined with a colon
    element_reference: str = ""  # CTX06, likewise
    further: tuple[tuple[str, str], ...] = ()  # repetitions of CTX01 after the first


class ElementError(Struct, frozen=True, kw_only=True):
    """An element that is wrong. 2110 IK4."""

    element: int  # IK401-1
    component: int = 0  # IK401-2; 0 when the whole element is meant
    repetition: int = 0  # IK401-3
    element_reference: str = ""  # IK402, data element number
    error_code: str  # IK403: 1 missing, 5 too long, 7 code, 8 date, ...
    value: str = ""  # IK404, a copy of what was wrong
    contexts: tuple[Context, ...] = ()


class SegmentError(Struct, frozen=True, kw_only=True):
    """A segment that is wrong, missing, or out of place. 2100 IK3."""

    segment_id: str  # IK301
    position: int  # IK302, counted in the transaction, ST is 1
    loop_id: str = ""  # IK303
    error_code: str = ""  # IK304: 3 missing, 7 out of order, 8 has element errors, ...
    contexts: tuple[Context, ...] = ()
    elements: tuple[ElementError, ...] = ()


class TransactionAcknowledgment(Struct, frozen=True, kw_only=True):
    """What became of one transaction. 2000 AK2 to IK5."""

    transaction_code: str  # AK201, such as 837
    transaction_control_number: str  # AK202, ST02
    version: str = ""  # AK203, ST03
    segments: tuple[SegmentError, ...] = ()
    status_code: str  # IK501: A accepted, E accepted with errors, R M W X rejected
    error_codes: tuple[str, ...] = ()  # IK502 to IK506

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver took it: IK501 is A or E."""
        return self.status_code in {ACCEPTED, ACCEPTED_WITH_ERRORS}


class GroupAcknowledgment(Struct, frozen=True, kw_only=True):
    """What became of one functional group. AK1 to AK9: one 999."""

    transaction_control_number: str = ""  # ST02 of the 999 itself
    group_code: str  # AK101, GS01
    group_control_number: str  # AK102, GS06
    version: str = ""  # AK103, GS08
    transactions: tuple[TransactionAcknowledgment, ...] = ()
    status_code: str  # AK901: A accepted, E with errors, P partly, R M W X rejected
    included_count: int  # AK902, GE01
    received_count: int  # AK903
    accepted_count: int  # AK904
    error_codes: tuple[str, ...] = ()  # AK905 to AK909
