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


class NotHeld(Problem):
    """The encounter does not wait to be coded: it is released. Ask the release back first."""

    slug: ClassVar[str] = "encounter-not-held"
    title: ClassVar[str] = "Encounter does not wait to be coded"
    status: ClassVar[int] = 409


class TakenByAnother(Problem):
    """Somebody else works on the encounter. It is free when they release it or give it back, or
    when their lease ends.
    """

    slug: ClassVar[str] = "taken-by-another"
    title: ClassVar[str] = "Taken by another coder"
    status: ClassVar[int] = 409


class AssignedToAnother(Problem):
    """A manager said that somebody else is to code the encounter."""

    slug: ClassVar[str] = "assigned-to-another"
    title: ClassVar[str] = "Assigned to another coder"
    status: ClassVar[int] = 409


class NotTaken(Problem):
    """The encounter is not with the one who asks: take it first."""

    slug: ClassVar[str] = "encounter-not-taken"
    title: ClassVar[str] = "Encounter not taken"
    status: ClassVar[int] = 409


class CredentialMissing(Problem):
    """Encounters of this patient class are coded by those who hold a certain credential, and the
    coder holds none of them today. A manager enters credentials.
    """

    slug: ClassVar[str] = "credential-missing"
    title: ClassVar[str] = "Credential missing"
    status: ClassVar[int] = 403


class QueueEmpty(Problem):
    """No encounter waits that fits what was asked for and what the coder may code."""

    slug: ClassVar[str] = "queue-empty"
    title: ClassVar[str] = "Nothing waits"
    status: ClassVar[int] = 404


class SequenceMismatch(Problem):
    """The order does not name each final diagnosis of the encounter exactly once."""

    slug: ClassVar[str] = "sequence-mismatch"
    title: ClassVar[str] = "Not the diagnoses of the encounter"
    status: ClassVar[int] = 409


class NotReleased(Problem):
    """The encounter is not released to billing: there is nothing to take back."""

    slug: ClassVar[str] = "encounter-not-released"
    title: ClassVar[str] = "Encounter not released"
    status: ClassVar[int] = 409


class WithdrawalPending(Problem):
    """The release was asked back before, and billing has not answered yet."""

    slug: ClassVar[str] = "withdrawal-pending"
    title: ClassVar[str] = "Asked back already"
    status: ClassVar[int] = 409


class ReleaseIsOut(Problem):
    """A claim of the release is in an interchange, or was sent: the release stands. Correct the
    codes and release again: the next version goes to the payer as a replacement (frequency 7), or
    as a void (8) where nothing of the claim is to stand.
    """

    slug: ClassVar[str] = "release-is-out"
    title: ClassVar[str] = "Release already sent"
    status: ClassVar[int] = 409


class CoderNotFound(Problem):
    """Nothing was recorded of that coder."""

    slug: ClassVar[str] = "coder-not-found"
    title: ClassVar[str] = "Coder not found"
    status: ClassVar[int] = 404


class AuditNotFound(Problem):
    """No audit, case or finding of this tenant has that id."""

    slug: ClassVar[str] = "audit-not-found"
    title: ClassVar[str] = "Audit not found"
    status: ClassVar[int] = 404


class NothingToSample(Problem):
    """No release meets the criteria."""

    slug: ClassVar[str] = "nothing-to-sample"
    title: ClassVar[str] = "Nothing to sample"
    status: ClassVar[int] = 409


class AlertNotFound(Problem):
    """This tenant has no such accuracy alert."""

    slug: ClassVar[str] = "alert-not-found"
    title: ClassVar[str] = "Alert not found"
    status: ClassVar[int] = 404


class CodedByYou(Problem):
    """The rules of this tenant keep coding and releasing apart: what a person has coded since the
    last release, another person releases.
    """

    slug: ClassVar[str] = "coded-by-you"
    title: ClassVar[str] = "Another person releases what you have coded"
    status: ClassVar[int] = 403


class OwnWork(Problem):
    """Nobody audits their own coding, or adjudicates a finding about it."""

    slug: ClassVar[str] = "own-work"
    title: ClassVar[str] = "Own work"
    status: ClassVar[int] = 403


class BlindUntilSubmitted(Problem):
    """The caller codes this encounter a second time: the first codes are shown when the second
    coding is submitted.
    """

    slug: ClassVar[str] = "blind-until-submitted"
    title: ClassVar[str] = "First codes are closed"
    status: ClassVar[int] = 403


class CaseIsAnothers(Problem):
    """Another auditor took the case."""

    slug: ClassVar[str] = "case-is-anothers"
    title: ClassVar[str] = "Case taken by another auditor"
    status: ClassVar[int] = 409


class CaseNotBegun(Problem):
    """The case is taken first, then coded."""

    slug: ClassVar[str] = "case-not-begun"
    title: ClassVar[str] = "Case not begun"
    status: ClassVar[int] = 409


class CaseIsCoded(Problem):
    """The case was coded a second time already; a second coding is never edited."""

    slug: ClassVar[str] = "case-is-coded"
    title: ClassVar[str] = "Case coded already"
    status: ClassVar[int] = 409


class FindingNotOpen(Problem):
    """The finding is not where this can be done: it is recorded, then answered by the coder, then
    adjudicated where the coder disputes it.
    """

    slug: ClassVar[str] = "finding-not-open"
    title: ClassVar[str] = "Finding is not open for this"
    status: ClassVar[int] = 409


class ReleaseNotFound(Problem):
    """The encounter was never released, or not in that version."""

    slug: ClassVar[str] = "release-not-found"
    title: ClassVar[str] = "Release not found"
    status: ClassVar[int] = 404


class NoteNotFound(Problem):
    """No note of this encounter has that id, or its sender took it back."""

    slug: ClassVar[str] = "note-not-found"
    title: ClassVar[str] = "Note not found"
    status: ClassVar[int] = 404


class NotSuggested(Problem):
    """Only what a model suggested from this note, and nobody decided on, can be decided on."""

    slug: ClassVar[str] = "not-suggested"
    title: ClassVar[str] = "Not an open suggestion"
    status: ClassVar[int] = 409


class CodeSetsNotLoaded(Problem):
    """There are no code sets here; whoever runs the service makes them with `rcm codes build`."""

    slug: ClassVar[str] = "code-sets-not-loaded"
    title: ClassVar[str] = "Code sets not loaded"
    status: ClassVar[int] = 503


class CodeNotFound(Problem):
    """The code, category or chapter is in no release of that system that is loaded."""

    slug: ClassVar[str] = "code-not-found"
    title: ClassVar[str] = "Code not found"
    status: ClassVar[int] = 404


class QueryNotFound(Problem):
    """No physician query of this tenant has that id, or it is not the caller's to see."""

    slug: ClassVar[str] = "query-not-found"
    title: ClassVar[str] = "Query not found"
    status: ClassVar[int] = 404


class QueryTemplateNotFound(Problem):
    """The tenant has no template of a query with that name."""

    slug: ClassVar[str] = "query-template-not-found"
    title: ClassVar[str] = "Query template not found"
    status: ClassVar[int] = 404


class QueryLeads(Problem):
    """The wording would lead the physician, or rests on nothing in the record: the check of the
    query says where and what to do. Nothing was sent.
    """

    slug: ClassVar[str] = "query-leads"
    title: ClassVar[str] = "Query not let pass"
    status: ClassVar[int] = 409


class QueryIsDraft(Problem):
    """The query was not sent yet."""

    slug: ClassVar[str] = "query-is-draft"
    title: ClassVar[str] = "Query not sent yet"
    status: ClassVar[int] = 409


class QueryWasSent(Problem):
    """The query is further than this: sent, answered, or one of too many."""

    slug: ClassVar[str] = "query-was-sent"
    title: ClassVar[str] = "Query is further than this"
    status: ClassVar[int] = 409


class QueryIsClosed(Problem):
    """The query is closed: open another."""

    slug: ClassVar[str] = "query-is-closed"
    title: ClassVar[str] = "Query closed"
    status: ClassVar[int] = 409


class QueryNotAnswered(Problem):
    """The query was not answered: close it as unanswered, or withdraw it."""

    slug: ClassVar[str] = "query-not-answered"
    title: ClassVar[str] = "Query not answered"
    status: ClassVar[int] = 409


class AnswerUnclear(Problem):
    """The answer names no option of the query, or says nothing where words are the answer."""

    slug: ClassVar[str] = "answer-unclear"
    title: ClassVar[str] = "Answer unclear"
    status: ClassVar[int] = 409


class PhysicianUnknown(Problem):
    """The query names nobody, and the encounter has no attending physician with an NPI."""

    slug: ClassVar[str] = "physician-unknown"
    title: ClassVar[str] = "Nobody to ask"
    status: ClassVar[int] = 409


class ChannelUnknown(Problem):
    """The tenant has no channel of that name."""

    slug: ClassVar[str] = "channel-unknown"
    title: ClassVar[str] = "Channel unknown"
    status: ClassVar[int] = 409


class NothingToEscalateTo(Problem):
    """The tenant's policy names nobody else to ask."""

    slug: ClassVar[str] = "nothing-to-escalate-to"
    title: ClassVar[str] = "Nobody else to ask"
    status: ClassVar[int] = 409
