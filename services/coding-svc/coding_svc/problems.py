"""Every refusal of coding-svc."""

from typing import ClassVar

from rcm.problems import Problem


class EncounterNotFound(Problem):
    """No encounter of this tenant has that id."""

    slug: ClassVar[str] = "encounter-not-found"
    title: ClassVar[str] = "Encounter not found"
    status: ClassVar[int] = 404


class MessageNotFound(Problem):
    """No message of this tenant has that id."""

    slug: ClassVar[str] = "message-not-found"
    title: ClassVar[str] = "Message not found"
    status: ClassVar[int] = 404


class EncounterIncomplete(Problem):
    """What is missing cannot be passed by decision; the encounter's reasons say what it is."""

    slug: ClassVar[str] = "encounter-incomplete"
    title: ClassVar[str] = "Encounter not complete enough to bill"
    status: ClassVar[int] = 409


class NotOverrulable(Problem):
    """Only doubts can be overruled, not what a claim cannot go without."""

    slug: ClassVar[str] = "not-overrulable"
    title: ClassVar[str] = "Reason cannot be overruled"
    status: ClassVar[int] = 409


class NothingToRelease(Problem):
    """The encounter is released to billing already, with this same content."""

    slug: ClassVar[str] = "nothing-to-release"
    title: ClassVar[str] = "Nothing to release"
    status: ClassVar[int] = 409


class ChargeNotFound(Problem):
    """The encounter has no charge with that number that is left after credits."""

    slug: ClassVar[str] = "charge-not-found"
    title: ClassVar[str] = "Charge not found"
    status: ClassVar[int] = 404


class CodeMalformed(Problem):
    """A code has not the shape of its code system; the detail names the place."""

    slug: ClassVar[str] = "code-malformed"
    title: ClassVar[str] = "Malformed code"
    status: ClassVar[int] = 409


class PatientForgotten(Problem):
    """The patient's key was destroyed; nothing about the encounter can be read or changed."""

    slug: ClassVar[str] = "patient-forgotten"
    title: ClassVar[str] = "Patient forgotten"
    status: ClassVar[int] = 410


class EncounterMergedAway(Problem):
    """The account was merged into another one; ask for that one."""

    slug: ClassVar[str] = "encounter-merged"
    title: ClassVar[str] = "Encounter merged into another"
    status: ClassVar[int] = 409

    def __init__(self, into_encounter_id: str) -> None:
        super().__init__(f"It is part of {into_encounter_id} now.")
        self.into_encounter_id = into_encounter_id


class SenderUnknown(Problem):
    """No sender profile of the tenant fits."""

    slug: ClassVar[str] = "sender-unknown"
    title: ClassVar[str] = "No profile for this sender"
    status: ClassVar[int] = 409
