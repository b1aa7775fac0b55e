"""What denials-svc refuses."""

from typing import ClassVar

from rcm.problems import Problem


class DenialIsClosed(Problem):
    """The denial is closed: nothing more can be asked for on it. A later answer of the payer opens
    it again by itself.
    """

    slug: ClassVar[str] = "denial-is-closed"
    title: ClassVar[str] = "Denial is closed"
    status: ClassVar[int] = 409


class CodersDoNotWriteOff(Problem):
    """The rules of this tenant keep coding and writing off apart: whoever holds the role of a coder
    closes no denial without money, whatever other roles they hold. Somebody else has to do it.
    """

    slug: ClassVar[str] = "coders-do-not-write-off"
    title: ClassVar[str] = "Somebody who codes may not write off"
    status: ClassVar[int] = 403


class AlreadyAskedFor(Problem):
    """The same was asked for before and has not been answered yet."""

    slug: ClassVar[str] = "already-asked-for"
    title: ClassVar[str] = "Already asked for"
    status: ClassVar[int] = 409


class PayerNumberUnknown(Problem):
    """A replacement (frequency 7) or void (8) must cite the payer's number of the denied claim
    (CLP07), and the payer gave none.
    """

    slug: ClassVar[str] = "payer-number-unknown"
    title: ClassVar[str] = "Payer claim control number not known"
    status: ClassVar[int] = 409


class NewClaimNeeded(Problem):
    """The payer said that the claim could not be processed (MA130), or does not take replacements
    (Medicare Part B): send a new claim (frequency 1).
    """

    slug: ClassVar[str] = "new-claim-needed"
    title: ClassVar[str] = "A new claim is needed"
    status: ClassVar[int] = 409
