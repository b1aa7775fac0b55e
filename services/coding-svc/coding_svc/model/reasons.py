"""Everything that can be wrong with what a sender sent, worded once.

A reason is our Finding for an encounter: all are collected, none raises, and none repeats the
value that it found, because the value may be PHI. `error` holds the encounter until somebody has
resolved it; `warning` lets it pass and keeps the record.
"""

from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

from rcm.events.clinical import Reason


class Wording(Struct, frozen=True):
    """How a reason reads.

    Attributes:
        text: What is wrong.
        remedy: What to do about it.
        severity: What it does to the encounter.
    """

    text: str
    remedy: str = ""
    severity: Literal["error", "warning"] = "error"


def _note(text: str, remedy: str = "") -> Wording:
    return Wording(text, remedy, "warning")


REASONS: Final = {
    # -- the bytes -----------------------------------------------------------------------------
    "not-hl7": Wording("The bytes do not begin with MSH.", "Send HL7 v2 in ER7."),
    "bad-delimiters": Wording(
        "MSH-1 or MSH-2 declares no usable delimiters.", "Declare distinct punctuation."
    ),
    "too-large": Wording("Larger than any billing message.", "Ask what the sender meant to send."),
    "leading-bytes": _note("Bytes before MSH were dropped."),
    "charset-guessed": _note("The bytes are not in the charset of MSH-18.", "Correct MSH-18."),
    "control-number-missing": _note("MSH-10 is empty; only the content can tell a resend."),
    "control-number-reused": _note(
        "MSH-10 came before with other content; both were taken.", "Ask the sender which is right."
    ),
    "batch-count": Wording(
        "The batch does not hold what its trailer counts.", "Have the whole file sent again."
    ),
    "batch-incomplete": Wording(
        "The batch has a header without its trailer, or the reverse.",
        "Have the whole file sent again.",
    ),
    "not-json": Wording("Not a JSON document.", "Send one FHIR resource as JSON."),
    "json-duplicate-key": Wording(
        "The same key stands twice in one object; readers differ on which counts.",
        "Send each key once.",
    ),
    "json-too-deep": Wording("Nested deeper than any FHIR resource.", "Send a flatter document."),
    "not-a-bundle": Wording("Not a FHIR R4 Bundle.", "Send a Bundle of type collection."),
    "several-encounters": Wording(
        "More than one Encounter in one bundle.", "Send one bundle for each encounter."
    ),
    "resource-unusable": _note("A resource lacks what makes it usable and was passed over."),
    "not-stored": Wording("The message was not stored.", "Send it again."),
    # -- the message ---------------------------------------------------------------------------
    "kind-not-taken": _note("Nothing is billed from this kind of message."),
    "not-production": _note("MSH-11 does not say production."),
    "not-a-charge": _note("The transaction is not a charge (payment, adjustment, or by profile)."),
    "sender-not-expected": Wording(
        "MSH-3 and MSH-4 name no sender of this tenant.", "Add a sender profile."
    ),
    "no-encounter-key": Wording(
        "No account or visit number, nor what could stand in for it.",
        "Have PID-18 or PV1-19 sent.",
    ),
    "encounter-key-derived": _note(
        "No account or visit number: keyed by record number, start and place."
    ),
    "no-medical-record-number": Wording(
        "No medical record number of this hospital in PID-3.",
        "Check the authorities in the profile.",
    ),
    "patient-unknown": _note("No encounter of this patient yet."),
    "older-snapshot": _note("Older than what is known; only its charges were taken."),
    "patient-forgotten": Wording(
        "The patient was forgotten on request; nothing can be recorded.", "Stop sending."
    ),
    "merged-away": _note("The account was merged into another; taken there."),
    # -- who pays ------------------------------------------------------------------------------
    "no-coverage": Wording(
        "No coverage, and the financial class does not say self-pay.",
        "Send IN1, or set the financial class.",
    ),
    "no-member-id": Wording("The coverage has no member number.", "Send IN1-36."),
    "no-payer-id": Wording(
        "The payer is not in the crosswalk.", "Map the sender's payer number in the profile."
    ),
    "payer-id-uncrossed": _note("The payer number was taken as sent: no crosswalk entry."),
    "relationship-unknown": Wording(
        "How the patient is related to the subscriber is unknown.", "Map IN1-17 in the profile."
    ),
    "subscriber-missing": Wording(
        "The coverage is another person's, who is not named.", "Send IN1-16."
    ),
    "coverage-order-guessed": _note("IN1-22 is empty: the set id gives the order."),
    "coverage-order-twice": Wording(
        "Two coverages claim the same place in the order.", "Send IN1-22 as 1, 2, 3."
    ),
    "line-coverage-differs": Wording(
        "A charge carries another coverage than the account.", "Decide who pays for that line."
    ),
    "insurance-removed": _note("A snapshot without IN1 removed the coverages."),
    # -- who was treated, when and by whom -----------------------------------------------------
    "no-patient": Wording("Nothing is known of the patient.", "Have PID sent."),
    "record-number-differs": Wording(
        "The encounter came with another patient's record number; that patient was not taken.",
        "Merge the records at the sender (A40), or confirm.",
    ),
    "patient-name-missing": Wording("The patient has no last name.", "Send PID-5."),
    "birth-date-missing": Wording("The patient has no birth date.", "Send PID-7 to the day."),
    "npi-missing": Wording(
        "No NPI for this provider.", "Send it, or add the local number to the directory."
    ),
    "npi-check-digit": Wording(
        "The provider's number fails the NPI check digit.", "Correct it at the sender."
    ),
    "provider-name-missing": Wording(
        "A provider with an NPI and no name.", "Send the name, or add it to the directory."
    ),
    "no-attending": Wording("A facility claim names its attending provider.", "Send PV1-7."),
    "no-rendering": Wording(
        "No rendering provider on the line, nor an attending one to stand in.", "Send FT1-20."
    ),
    "rendering-defaulted": _note("No rendering provider on the line: the attending one was taken."),
    "class-unknown": Wording("The patient class is unknown.", "Map PV1-2 in the profile."),
    "preadmit": Wording("The patient is not admitted yet.", "Wait for A01 or A04."),
    "not-discharged": Wording("The patient is still in the house.", "Wait for A03."),
    "admission-cancelled": Wording("The admission was cancelled.", "Nothing, unless by mistake."),
    "dates-reversed": Wording("The end is before the start.", "Correct PV1-44 and PV1-45."),
    "date-unreadable": Wording("Not a date to the day.", "Send YYYYMMDD."),
    "admission-type-unknown": Wording("No admission type.", "Map PV1-4 (table 0007)."),
    "point-of-origin-unknown": Wording("No point of origin.", "Map PV1-14 (table 0023)."),
    "discharge-status-unknown": Wording("No patient status.", "Map PV1-36 (table 0112)."),
    "facility-code-defaulted": _note(
        "Admission type, origin or status was not sent: the profile's value was taken."
    ),
    "rework-requested": Wording(
        "A denial asks for the coding to be looked at again.", "Correct or confirm, and release."
    ),
    "query-open": Wording(
        "A physician query about this encounter is not closed.",
        "Close the query once it is answered, or withdraw it.",
    ),
    "query-answered": Wording(
        "A physician query about this encounter was answered.",
        "Read the answer, code by it, and close the query.",
    ),
    "query-unknown": _note(
        "The message answers a query that is not here.", "Look at its reference."
    ),
    "query-closed": _note("The message answers a query that is closed.", "Read it; open another."),
    "withdrawal-asked": Wording(
        "The release was asked back; billing has not answered yet.", "Wait for the answer."
    ),
    "release-withdrawn": Wording(
        "The release was taken back before it was sent.", "Correct the codes, and release."
    ),
    "release-by-another": Wording(
        "Coding and releasing are kept apart here.", "Let somebody release it who did not code it."
    ),
    "changed-while-asked-back": Wording(
        "Something came while the release was asked back, and the release stands.",
        "Look at it, and release: a replacement follows.",
    ),
    "answer-unclear": _note(
        "The message names a query and says nothing that answers it.", "Look at the message."
    ),
    "bill-hold": Wording("Inside the days that the hospital waits for late charges.", "Wait."),
    # -- what was found ------------------------------------------------------------------------
    "no-diagnosis": Wording("No final diagnosis.", "Code the encounter."),
    "diagnoses-not-final": Wording("Only working diagnoses.", "Finish coding (DG1-6 F)."),
    "dx-system-guessed": _note(
        "The code system is not named; the code has the shape of ICD-10-CM."
    ),
    "dx-not-billable-system": Wording("Not an ICD-10-CM code.", "Code the diagnosis in ICD-10-CM."),
    "dx-malformed": Wording("Not the shape of an ICD-10-CM code.", "Correct the code."),
    "two-principals": _note("Two principal diagnoses: the first was taken."),
    "poa-missing": _note(
        "An inpatient diagnosis without present-on-admission indicator.", "Send DG1-26."
    ),
    "too-many-diagnoses": _note("More diagnoses than a claim carries; the last ones do not go."),
    "pcs-malformed": Wording("Not the shape of an ICD-10-PCS code.", "Correct the code."),
    "procedure-date-missing": Wording("A procedure without its date.", "Send PR1-5."),
    # -- what the code sets say ----------------------------------------------------------------
    "code-sets-not-loaded": _note(
        "No code sets: codes were checked by their shape only.", "Run `rcm codes build`."
    ),
    "procedure-unverified": _note(
        "No file of these codes is loaded: they were checked by their shape only.",
        "Load it with `rcm codes load`.",
    ),
    "drg-ungroupable": Wording(
        "The stay belongs to no DRG.",
        "Look at the principal diagnosis, the age and the discharge status.",
    ),
    "drg-differs": _note("The sender's DRG is not the one that the codes give.", "Regroup it."),
    # -- what was done and what it costs -------------------------------------------------------
    "no-charges": Wording("No charge is left after credits.", "Wait for charges."),
    "no-amount": Wording(
        "The charge has no amount and the charge master none either.", "Price it."
    ),
    "amount-unreadable": Wording("Not an amount in dollars and cents.", "Send 123.45."),
    "currency-not-usd": Wording("The amount is not in US dollars.", "Send dollars."),
    "amount-mismatch": _note("Units times unit price is not the amount; the amount was taken."),
    "units-defaulted-1": _note("No units: one was taken."),
    "units-unreadable": Wording("Not a number of units.", "Send FT1-10 as a number."),
    "needs-cdm-lookup": Wording(
        "The charge code is not in the charge master.", "Add it to the profile's charge master."
    ),
    "no-procedure-code": Wording("A professional line without procedure code.", "Send FT1-25."),
    "no-revenue-code": Wording(
        "A facility line without revenue code.", "Map the department or code."
    ),
    "procedure-malformed": Wording("Not the shape of a HCPCS or CPT code.", "Correct the code."),
    "procedure-from-pr1": _note("The procedure code stood in PR1-3 only."),
    "modifiers-packed": _note("Several modifiers stood in one field and were separated."),
    "modifier-malformed": Wording("A modifier is not two letters or digits.", "Correct FT1-26."),
    "too-many-modifiers": Wording("More than four modifiers.", "Send at most four."),
    "place-of-service-missing": Wording(
        "No place of service.", "Map the location in the profile, or send FT1-16."
    ),
    "ndc-malformed": Wording("Not an NDC of 4-4-2 to 5-4-2.", "Correct FT1-29."),
    "service-date-missing": Wording("The charge has no date of service.", "Send FT1-4."),
    "pointer-defaulted": _note("The line names no diagnosis: the principal one was taken."),
    "charge-id-not-unique": _note("FT1-2 repeats inside one message: lines were told apart."),
    "charge-replaced": _note("The same charge came with other content and replaced the first."),
    "charge-repeated": _note("The same charge came again; taken once."),
    "possible-duplicate-charge": Wording(
        "The same service came in two messages without charge numbers.",
        "Confirm both, or credit one.",
    ),
    "credit-unmatched": Wording("A credit for a charge that is not here.", "Find its charge."),
    "credit-exceeds-charge": Wording("A credit over what is left of its charge.", "Correct it."),
}
"""Every reason this service can give, by its stable id."""


@lru_cache(maxsize=4096)
def reason(rule_id: str, path: str) -> Reason:
    """Say what is wrong at a path."""
    wording = REASONS[rule_id]
    return Reason(
        rule_id=rule_id,
        path=path,
        text=wording.text,
        remedy=wording.remedy,
        severity=wording.severity,
    )
