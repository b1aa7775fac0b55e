"""The rules of an 837 beyond structure: situations, balances, codes. Each may be relaxed by its id.

Structure (what stands where, how often, how long) is in the guides' tables. The default here is
the guide; where a rule is ours or a payer's, or the guide leaves room, it is a warning.

Faults from level 3 on are of one claim, and are answered claim by claim in a 277CA: they have no
code in a 999, which would refuse the whole transaction for them.
"""

from typing import Final

from rcm.x12.findings import Rule, Severity


def _rule(rule_id: str, level: int, remedy: str, ack: tuple[str, str] = ("", "")) -> Rule:
    return Rule(rule_id, level, Severity.ERROR, remedy, ack)


def _advice(rule_id: str, level: int, remedy: str) -> Rule:
    return Rule(rule_id, level, Severity.WARNING, remedy)


# Parties, in 2010AA, 2010BA, 2010CA, and providers everywhere.
NPI_MISSING: Final = _rule("billing-npi-missing", 4, "Write the NPI in NM109 with NM108 = XX.")
NPI_INVALID: Final = _rule(
    "npi-invalid",
    5,
    "Correct the NPI: ten digits, first 1 or 2, valid check digit.",
)
TAXONOMY_SHAPE: Final = _rule(
    "taxonomy-shape",
    5,
    "Write ten characters of the NUCC list, such as 207Q00000X.",
)
ADDRESS_BOX: Final = _rule(
    "billing-address-box", 4, "Write a street address here and the box in 2010AB pay-to."
)
POSTAL_CODE: Final = _rule("postal-code-shape", 4, "Write a ZIP code of five or nine digits.")
POSTAL_CODE_NINE: Final = _rule(
    "postal-code-not-nine", 4, "Write the ZIP code of billing and service places with nine digits."
)
STATE_UNKNOWN: Final = _rule(
    "state-unknown",
    5,
    "Write the two-letter code of a US state or Canadian province.",
)
TAX_NUMBER: Final = _advice("tax-number-shape", 4, "Write nine digits without hyphens.")
MEMBER_NUMBER: Final = _rule(
    "member-number-missing", 4, "Write the member number in NM109 with NM108 = MI."
)
DEMOGRAPHICS_MISSING: Final = _rule(
    "subscriber-demographics-missing", 4, "Add DMG: the subscriber is the patient."
)
ADDRESS_MISSING: Final = _rule(
    "subscriber-address-missing", 4, "Add N3 and N4: the subscriber is the patient."
)
SELF_WITH_PATIENT: Final = _rule(
    "self-with-dependent", 4, "Leave SBR02 empty or leave the patient level out."
)
PATIENT_MISSING: Final = _rule(
    "patient-missing", 4, "Write 18 in SBR02, or add the patient level 2000C."
)
BIRTH_FUTURE: Final = _rule("birth-in-future", 4, "Correct the date of birth.")
BIRTH_AFTER_SERVICE: Final = _rule(
    "birth-after-service",
    4,
    "Correct the date of birth or of service.",
)
MSP_TYPE: Final = _rule(
    "medicare-secondary-reason-missing", 4, "Say in SBR05 why Medicare pays after another payer."
)

# The claim itself, in 2300.
CLAIM_SUM: Final = _rule("claim-sum", 3, "Make CLM02 the sum of the line charges.")
CHARGE_NOT_POSITIVE: Final = _rule(
    "charge-not-positive", 4, "Bill more than nothing, or send an encounter (BHT06 = RP)."
)
CHARGE_NEGATIVE: Final = _rule(
    "charge-negative", 4, "Leave credits out: send a replacement claim with what remains."
)
CLAIM_ID_LONG: Final = _advice(
    "claim-id-over-20", 4, "Use at most 20 characters: payers need not return more in CLP01."
)
CLAIM_ID_REPEATED: Final = _rule(
    "claim-id-repeated", 4, "Give every claim of a transaction a number of its own."
)
FREQUENCY: Final = _rule(
    "frequency-invalid",
    4,
    "Use a frequency code that this kind of claim knows.",
)
FREQUENCY_NUMBER: Final = _rule(
    "frequency-needs-payer-number", 4, "Add REF*F8 with the payer's number of the first claim."
)
NUMBER_UNEXPECTED: Final = _advice(
    "payer-number-on-original", 4, "Leave REF*F8 out, or say 7 or 8 in CLM05-3."
)
ACCIDENT_STATE: Final = _rule(
    "accident-state-missing", 4, "Write the state of the auto accident in CLM11-4."
)
ACCIDENT_DATE: Final = _rule("accident-date-missing", 4, "Add DTP*439 with the accident's date.")
ADMISSION_DATE: Final = _rule("admission-date-missing", 4, "Add DTP*435: this is an inpatient.")
DISCHARGE_HOUR: Final = _rule(
    "discharge-hour-missing", 4, "Add DTP*096: this is the final bill of an inpatient."
)
DISCHARGE_INTERIM: Final = _rule(
    "discharge-hour-on-interim", 4, "Leave DTP*096 out: the patient has not left."
)
STILL_PATIENT: Final = _rule(
    "still-patient-on-final-bill", 4, "Correct CL103 = 30, or bill as interim (CLM05-3 = 2 or 3)."
)
STATEMENT_MISSING: Final = _rule("statement-dates-missing", 4, "Add DTP*434 with RD8.")
STATEMENT_ORDER: Final = _rule(
    "statement-dates-reversed",
    4,
    "Write the first day before the last.",
)
OUTSIDE_STATEMENT: Final = _advice(
    "service-outside-statement", 4, "Correct the line's date or the statement's."
)
CLAIM_FACTS: Final = _rule(
    "institutional-codes-missing", 4, "Add CL1 with admission type and patient status."
)
ADMITTING_MISSING: Final = _rule("admitting-diagnosis-missing", 4, "Add HI*ABJ: inpatient.")
ADMITTING_UNEXPECTED: Final = _rule(
    "admitting-diagnosis-unexpected", 4, "Leave HI*ABJ out: this is no inpatient claim."
)
REASON_MISSING: Final = _rule(
    "reason-for-visit-missing", 4, "Add HI*APR: an unscheduled outpatient visit."
)
REASON_UNEXPECTED: Final = _rule(
    "reason-for-visit-unexpected", 4, "Leave HI*APR out: this is an inpatient claim."
)
POA_MISSING: Final = _advice(
    "poa-missing", 4, "Add Y, N, U or W unless the diagnosis is exempt from the indicator."
)
POA_REQUIRED: Final = _rule(
    "poa-required", 5, "Add Y, N, U or W: the diagnosis is not exempt from the indicator."
)
POA_UNEXPECTED: Final = _rule(
    "poa-unexpected", 4, "Leave the indicator out: this is no inpatient claim."
)
ATTENDING_MISSING: Final = _rule(
    "attending-provider-missing", 4, "Add 2310A: only transport needs no attending provider."
)
OPERATING_MISSING: Final = _advice(
    "operating-provider-missing", 4, "Add 2310B when one of the procedures is surgery."
)
PROCEDURE_OUTPATIENT: Final = _rule(
    "inpatient-procedure-on-outpatient", 4, "Bill outpatient procedures by HCPCS in SV202."
)
PROCEDURE_DATE: Final = _rule(
    "procedure-date-missing", 4, "Add the date of the procedure with qualifier D8."
)
OCCURRENCE_REPEATED: Final = _rule("occurrence-repeated", 4, "Write an occurrence code once.")
ATTACHMENT_NUMBER: Final = _rule(
    "attachment-number-missing", 4, "Write the control number in PWK06 with PWK05 = AC."
)
AMBULANCE_FACTS: Final = _rule(
    "ambulance-facts-missing", 4, "Add CR1 to the claim or to its ambulance lines."
)
AMBULANCE_PICKUP: Final = _rule(
    "ambulance-pickup-missing", 4, "Add the pick-up address (NM1*PW, N3, N4)."
)
TOO_MANY: Final = _rule("too-many", 2, "Split the claim.", ("IK3", "4"))
DATES_REVERSED: Final = _rule(
    "dates-reversed",
    4,
    "Write the first day before the last.",
)
DATE_FUTURE: Final = _rule(
    "date-in-future",
    4,
    "Correct the date: it had not come when the claim was sent.",
)

# Diagnoses and procedures.
ICD_VERSION: Final = _rule(
    "icd-version-date", 5, "Use ICD-10 (ABK, ABF) from 1 October 2015, ICD-9 (BK, BF) before."
)
ICD_SHAPE: Final = _rule(
    "diagnosis-shape", 5, "Write the diagnosis without its point, complete to the last character."
)
ICD_UNKNOWN: Final = _rule(
    "diagnosis-unknown", 5, "Use a diagnosis that may be billed on the day of service."
)
DIAGNOSIS_REPEATED: Final = _advice("diagnosis-repeated", 4, "Write a diagnosis once.")
EXTERNAL_PRINCIPAL: Final = _advice(
    "external-cause-principal", 5, "Put the injury first; V to Y say only how it happened."
)
PCS_SHAPE: Final = _rule("inpatient-procedure-shape", 5, "Write the seven characters of PCS.")
PCS_UNKNOWN: Final = _rule(
    "inpatient-procedure-unknown", 5, "Use an ICD-10-PCS code of the day of discharge."
)
CODE_UNKNOWN: Final = _rule(
    "code-unknown",
    5,
    "Use a code of the list that is named, valid on that day.",
)
PLACE_UNKNOWN: Final = _rule(
    "place-of-service-unknown",
    5,
    "Use a place of service of the CMS list.",
)
BILL_TYPE: Final = _rule(
    "bill-type-shape", 5, "Write the first two digits of the type of bill in CLM05-1."
)
PATIENT_STATUS: Final = _rule("patient-status-shape", 5, "Write two digits in CL103.")
REVENUE_SHAPE: Final = _rule("revenue-code-shape", 5, "Write four digits in SV201.")
REVENUE_TOTAL: Final = _rule(
    "revenue-total-line", 4, "Leave the line of the total (0001) out of an 837I."
)
PROCEDURE_SHAPE: Final = _rule(
    "procedure-shape", 5, "Write the five characters of the HCPCS, CPT or CDT code."
)
MODIFIER_SHAPE: Final = _rule("modifier-shape", 5, "Write modifiers of two letters or digits.")
MODIFIER_REPEATED: Final = _advice("modifier-repeated", 4, "Write a modifier once.")
DESCRIPTION_MISSING: Final = _rule(
    "description-missing", 4, "Describe the unlisted procedure in SV101-7 or SV202-7."
)

# Lines, in 2400 and 2410.
POINTER_RANGE: Final = _rule(
    "diagnosis-pointer-range",
    4,
    "Point at a diagnosis that the claim has.",
)
POINTER_REPEATED: Final = _rule(
    "diagnosis-pointer-repeated",
    4,
    "Point at a diagnosis once.",
)
LINE_NUMBER: Final = _rule(
    "line-number", 2, "Number the lines of a claim 1, 2, 3 in LX01.", ("IK4", "I12")
)
LINE_CONTROL_REPEATED: Final = _rule(
    "line-control-number-repeated", 4, "Give every line of a claim its own REF*6R."
)
SERVICE_DATE: Final = _rule("service-date-missing", 4, "Add DTP*472 with the date of service.")
LINE_DATE: Final = _advice(
    "line-date-missing", 4, "Add DTP*472 to the line, or to the claim of an 837D."
)
QUANTITY: Final = _rule("quantity-not-positive", 4, "Write a quantity above nothing.")
AUTHORIZATION_REPEATED: Final = _rule(
    "authorization-repeated", 4, "Write one REF*G1 a payer on a line."
)
NDC_SHAPE: Final = _rule("ndc-shape", 5, "Write eleven digits, 5-4-2 without hyphens.")
TOOTH: Final = _rule(
    "tooth-code", 5, "Write a tooth of the universal system: 1 to 32, A to T, 51 to 82, AS to TS."
)

# Other payers, in 2320, 2330 and 2430.
SEQUENCE_REPEATED: Final = _rule(
    "payer-sequence-repeated", 4, "Give every payer of the claim its own SBR01."
)
PRIOR_PAYER_MISSING: Final = _rule(
    "prior-payer-missing", 4, "Add 2320 for the payers that come before this one."
)
OTHER_PAYER_REPEATED: Final = _rule(
    "other-payer-repeated", 4, "Give every other payer its own number in NM109."
)
ADJUDICATION_PAYER: Final = _rule(
    "adjudication-payer-unknown", 4, "Repeat NM109 of a 2330B other payer in SVD01."
)
PAID_NEGATIVE: Final = _rule("paid-negative", 4, "Write what was paid as nothing or more.")
PAID_MISSING: Final = _rule("cob-paid-missing", 4, "Add AMT*D: the payer has adjudicated.")
LINE_BALANCE: Final = _rule(
    "cob-line-balance", 3, "Make the charge what was paid plus all adjustments of the line."
)
CLAIM_BALANCE: Final = _rule(
    "cob-claim-balance", 3, "Make AMT*D the paid lines less the claim's own adjustments."
)
CHARGE_BALANCE: Final = _rule(
    "cob-charge-balance", 3, "Make CLM02 what was paid plus all adjustments of that payer."
)
DATE_TWICE: Final = _rule(
    "adjudication-date-twice", 4, "Write DTP*573 in 2330B or in 2430, not in both."
)
DATE_MISSING: Final = _rule("adjudication-date-missing", 4, "Add DTP*573: when it was adjudicated.")
LIABILITY_TWICE: Final = _rule(
    "remaining-liability-twice", 4, "Write AMT*EAF at the claim or at its lines, not at both."
)
LATER_PAYER: Final = _advice(
    "later-payer-adjudicated", 4, "Check SBR01: a payer that comes after has already paid."
)

RULES: Final = tuple(value for value in list(globals().values()) if isinstance(value, Rule))
"""Every rule of this module, for documentation and tests."""
