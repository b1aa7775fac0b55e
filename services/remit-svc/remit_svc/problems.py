"""What remit-svc refuses."""

from typing import ClassVar

from rcm.problems import Problem


class NotPostable(Problem):
    """Only an advice that balances and waits because its trace number was used before can be posted
    by a person. One that is out of balance or unreadable never is: ask the payer for a correct one.
    """

    slug: ClassVar[str] = "remittance-not-postable"
    title: ClassVar[str] = "Remittance advice cannot be posted"
    status: ClassVar[int] = 409


class AlreadySettled(Problem):
    """The advice left quarantine: it was posted, dismissed, or a correct one took its place."""

    slug: ClassVar[str] = "remittance-already-settled"
    title: ClassVar[str] = "No longer in quarantine"
    status: ClassVar[int] = 409


class AlreadyMatched(Problem):
    """The payment was matched to a claim before."""

    slug: ClassVar[str] = "payment-already-matched"
    title: ClassVar[str] = "Payment already matched"
    status: ClassVar[int] = 409


class NotMatched(Problem):
    """The payment is not matched to a claim, so that there is nothing to undo: it waits, or
    somebody has matched it anew meanwhile. Read it again.
    """

    slug: ClassVar[str] = "payment-not-matched"
    title: ClassVar[str] = "Payment not matched"
    status: ClassVar[int] = 409


class ClaimUnknown(Problem):
    """No claim of this tenant has that number: a payment is only matched to a claim that was
    submitted.
    """

    slug: ClassVar[str] = "claim-unknown"
    title: ClassVar[str] = "No such claim"
    status: ClassVar[int] = 409


class ContentForgotten(Problem):
    """The payment's content was destroyed with its key; it can no longer be posted."""

    slug: ClassVar[str] = "content-forgotten"
    title: ClassVar[str] = "Content destroyed"
    status: ClassVar[int] = 409


class FileEmpty(Problem):
    """The body holds no bytes. Send the 835 file itself."""

    slug: ClassVar[str] = "file-empty"
    title: ClassVar[str] = "Empty file"
    status: ClassVar[int] = 400
