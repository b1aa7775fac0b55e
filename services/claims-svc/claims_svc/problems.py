"""Everything that claims-svc refuses. A fault in a claim is no refusal: it holds the claim."""

from typing import ClassVar

from rcm.problems import Problem


class ClaimInFlight(Problem):
    """The claim is in an interchange whose fate is not known: nothing of it may change until it is
    settled by the receiver's answer or by an operator.
    """

    slug: ClassVar[str] = "claim-in-flight"
    title: ClassVar[str] = "Claim in flight"
    status: ClassVar[int] = 409


class ClaimAlreadySent(Problem):
    """The payer has the claim; it can be replaced, not changed."""

    slug: ClassVar[str] = "claim-already-sent"
    title: ClassVar[str] = "Claim already sent"
    status: ClassVar[int] = 409


class ClaimReplacedAlready(Problem):
    """Another claim stands for this one, or it was voided; it changes no more."""

    slug: ClassVar[str] = "claim-replaced"
    title: ClassVar[str] = "Claim replaced"
    status: ClassVar[int] = 409


class NothingToDrop(Problem):
    """Only an original claim for a later payer, which that payer never had, can be dropped: what
    it asks for is then the patient's. Others are corrected, replaced or voided.
    """

    slug: ClassVar[str] = "nothing-to-drop"
    title: ClassVar[str] = "Nothing to drop"
    status: ClassVar[int] = 409


class NothingToRelease(Problem):
    """Only a claim that is held or was rejected can be released."""

    slug: ClassVar[str] = "nothing-to-release"
    title: ClassVar[str] = "Nothing to release"
    status: ClassVar[int] = 409


class PatientForgotten(Problem):
    """The patient's key was destroyed: what the claim was written from can be read no more."""

    slug: ClassVar[str] = "patient-forgotten"
    title: ClassVar[str] = "Patient forgotten"
    status: ClassVar[int] = 409


class InterchangeSettledAlready(Problem):
    """What became of the interchange is known; it cannot be settled otherwise."""

    slug: ClassVar[str] = "interchange-settled"
    title: ClassVar[str] = "Interchange already settled"
    status: ClassVar[int] = 409


class ControlNumbersExhausted(Problem):
    """All nine-digit control numbers with this receiver were given. Agree on another submitter id
    with it: a number is never given twice.
    """

    slug: ClassVar[str] = "control-numbers-exhausted"
    title: ClassVar[str] = "Control numbers exhausted"
    status: ClassVar[int] = 409


class UnreadableAcknowledgement(Problem):
    """The file is no TA1, 999 or 277CA that can be read."""

    slug: ClassVar[str] = "unreadable-acknowledgement"
    title: ClassVar[str] = "Unreadable acknowledgement"
    status: ClassVar[int] = 400


class EmptyCorrection(Problem):
    """A correction names at least one field."""

    slug: ClassVar[str] = "empty-correction"
    title: ClassVar[str] = "Empty correction"
    status: ClassVar[int] = 400


class SupplementNotUnderstood(Problem):
    """A supplement has a field that it does not know, or a value that does not belong there; the
    detail names the place. `claims_svc/model/supplement.py` lists the fields.
    """

    slug: ClassVar[str] = "supplement-not-understood"
    title: ClassVar[str] = "Supplement not understood"
    status: ClassVar[int] = 400
