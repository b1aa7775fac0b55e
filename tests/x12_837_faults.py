"""Faults to seed into valid 837 files, with the rule and place under which each is found."""

# ruff: noqa: E501 - a row of the tables below is one line, so that they read as tables

from collections.abc import Callable
from typing import NamedTuple

from rcm.x12 import x837
from x12_837_cases import (
    World,
    ambulance,
    auto_accident,
    bill_after_medicare,
    bill_with_drug,
    changed,
    corrected_bill,
    dental_visit,
    dependent,
    drug_given,
    edited,
    emergency,
    hospital_visit,
    inpatient_stay,
    interim_bill,
    many_codes,
    office_visit,
    outpatient_bill,
    replacement,
    secondary_by_claim,
    secondary_by_line,
    with_everything,
)

Edit = Callable[[bytes], bytes]


class Seeded(NamedTuple):
    """A fault put into a valid file, and what must be said of it.

    Attributes:
        name: Of the fault.
        shape: Makes the valid claim.
        edit: Puts the fault into its file.
        rule: The rule under which it is found.
        position: Segment, element and component.
        loop: A part of the loop path.
        companions: Other errors that the fault brings with it, and rightly.
    """

    name: str
    shape: Callable[[World], x837.Claim]
    edit: Edit
    rule: str
    position: str
    loop: str = ""
    companions: frozenset[str] = frozenset()


def replace(old: str, new: str, turn: int = 1) -> Edit:
    return lambda data: changed(data, old, new, turn=turn)


def text(old: str, new: str) -> Edit:
    return lambda data: edited(data, old, new)


def cut(before: str) -> Edit:
    """End the file before a segment."""
    return lambda data: data[: data.index(f"~{before}*".encode()) + 1]


def without_other_payer(data: bytes) -> bytes:
    """Take 2320 with its 2330 loops out of a claim."""
    text_ = data.decode()
    start, end = text_.index("~SBR*P*18*G1"), text_.index("~LX*1")
    return edited(data, text_[start:end], "")


def other_payer_twice(data: bytes) -> bytes:
    """Repeat 2320 with another SBR01."""
    text_ = data.decode()
    start, end = text_.index("~SBR*P*18*G1"), text_.index("~LX*1")
    loop = text_[start:end]
    return edited(data, loop, loop + loop.replace("SBR*P", "SBR*A"))


def disability_reversed(data: bytes) -> bytes:
    """Turn the two dates of DTP*314 around."""
    (old,) = [one for one in data.decode().split("~") if one.startswith("DTP*314")]
    first, last = old.split("*")[3].split("-")
    return changed(data, "DTP*314", f"DTP*314*RD8*{last}-{first}")


CLAIM = "2000A[1]/2000B[1]/2300[1]"
PROFESSIONAL_FAULTS = (
    # Envelopes.
    Seeded("se-count", office_visit, lambda d: d.replace(b"SE*28", b"SE*29"), "se01-count", "SE01"),
    Seeded("se-number", office_visit, text("SE*28*0001", "SE*28*0002"), "se02-mismatch", "SE02"),
    Seeded("ge-count", office_visit, text("GE*1*1", "GE*2*1"), "ge01-count", "GE01"),
    Seeded("ge-number", office_visit, text("GE*1*1", "GE*1*7"), "ge02-mismatch", "GE02"),
    Seeded("iea-count", office_visit, text("IEA*1*", "IEA*3*"), "iea01-count", "IEA01"),
    Seeded("iea-number", office_visit, text("IEA*1*000000001", "IEA*1*000000002"), "iea02-mismatch", "IEA02"),
    Seeded("no-iea", office_visit, cut("IEA"), "missing-iea", "ISA"),
    # Levels.
    Seeded("hl-number", office_visit, text("HL*2*1*22", "HL*9*1*22"), "hl-number", "HL01", companions=frozenset({"hl-parent"})),
    Seeded("hl-parent", office_visit, text("HL*2*1*22", "HL*2*2*22"), "hl-parent", "HL02"),
    Seeded("hl-child", office_visit, text("HL*2*1*22*0", "HL*2*1*22*1"), "hl-child-code", "HL04"),
    Seeded("hl-promised-no-child", dependent, text("*22*1", "*22*0"), "hl-child-code", "HL04"),
    # Structure.
    Seeded("no-diagnoses", office_visit, replace("HI*", ""), "segment-missing", "HI", CLAIM, companions=frozenset({"diagnosis-pointer-range"})),
    Seeded("no-service", office_visit, replace("SV1*", ""), "segment-missing", "SV1", "2400[1]", companions=frozenset({"claim-sum"})),
    Seeded("no-lines", office_visit, replace("LX*1", ""), "segment-missing", "LX", "2400[1]", companions=frozenset({"claim-sum"})),
    Seeded("two-dates", office_visit, replace("DTP*472", "DTP*472*D8*20260301~DTP*472*D8*20260302"), "segment-too-often", "DTP", "2400[1]"),
    Seeded("out-of-order", hospital_visit, replace("PWK*03", "PWK*03*AA~DTP*304*D8*20260101"), "segment-out-of-order", "DTP", CLAIM),
    Seeded("unknown-segment", office_visit, replace("REF*D9", "REF*D9*T4~ZZZ*1"), "segment-unknown", "ZZZ", CLAIM),
    Seeded("not-this-guide", office_visit, replace("REF*D9", "REF*D9*T4~CL1*1*1*01"), "segment-unexpected", "CL1", CLAIM),
    Seeded("unknown-reference", office_visit, text("REF*D9*", "REF*QQ*"), "qualifier-unexpected", "REF01", CLAIM),
    Seeded("no-payer", office_visit, replace("NM1*PR", ""), "loop-missing", "NM1"),
    Seeded("no-provider-address", office_visit, replace("N3*1 MAIN", ""), "segment-missing", "N3"),
    Seeded("element-too-long", office_visit, text("HI*ABK", "K3*" + "X" * 81 + "~HI*ABK"), "element-too-long", "K301", CLAIM),
    Seeded("element-required", office_visit, text("*UN*1*", "**1*"), "element-required", "SV103", "2400[1]", companions=frozenset({"element-relation"})),
    Seeded("element-not-used", office_visit, text("***11:B:1", "*X**11:B:1"), "element-not-used", "CLM03", CLAIM),
    Seeded("wrong-code", office_visit, text("*Y*A*Y*Y", "*Y*Q*Y*Y"), "code-not-in-guide", "CLM07", CLAIM),
    Seeded("wrong-qualifier-b", office_visit, text(":B:1", ":A:1"), "code-not-in-guide", "CLM05-2", CLAIM),
    Seeded("not-a-date", office_visit, text("DTP*472*D8*2026", "DTP*472*D8*2O26"), "date-invalid", "DTP03", "2400[1]", companions=frozenset({"unreadable"})),
    Seeded("no-such-day", dependent, text("DMG*D8*20100505", "DMG*D8*20100230"), "date-invalid", "DMG02", companions=frozenset({"unreadable"})),
    # Parties.
    Seeded("npi-check-digit", office_visit, text("*1000000012", "*1000000013"), "npi-invalid", "NM109", "2010AA"),
    Seeded("rendering-npi", hospital_visit, text("*1084700545", "*1084700546"), "npi-invalid", "NM109", "2310B[1]"),
    Seeded("no-billing-npi", office_visit, text("*XX*1000000012", ""), "billing-npi-missing", "NM109", "2010AA"),
    Seeded("taxonomy", office_visit, text("PXC*207Q00000X~NM1*85", "PXC*207Q~NM1*85"), "taxonomy-shape", "PRV03", "2000A[1]"),
    Seeded("box", office_visit, text("N3*1 MAIN ST", "N3*P.O. BOX 12"), "billing-address-box", "N301", "2010AA"),
    Seeded("short-zip", office_visit, text("*122070001", "*12207"), "postal-code-not-nine", "N403", "2010AA"),
    Seeded("bad-zip", office_visit, text("*NY*122070001", "*NY*1220700"), "postal-code-shape", "N403", "2010AA"),
    Seeded("state", office_visit, text("*NY*122070001", "*ZZ*122070001"), "state-unknown", "N402", "2010AA"),
    Seeded("no-demographics", office_visit, replace("DMG*", ""), "subscriber-demographics-missing", "NM1", "2010BA"),
    Seeded("no-subscriber-address", office_visit, lambda d: changed(changed(d, "N3*444", ""), "N4*DAYTON", ""), "subscriber-address-missing", "NM1", "2010BA"),
    Seeded("no-member-number", office_visit, text("*MI*M03804733", ""), "member-number-missing", "NM109", "2010BA"),
    Seeded("self-with-patient", dependent, text("SBR*P**", "SBR*P*18*"), "self-with-dependent", "SBR02", "2000B[1]"),
    Seeded("nobody-is-patient", office_visit, text("SBR*P*18", "SBR*P*"), "patient-missing", "SBR02", "2000B[1]"),
    Seeded("born-tomorrow", office_visit, text("DMG*D8*19600310", "DMG*D8*20270101"), "birth-in-future", "DMG02", "2010BA", companions=frozenset({"birth-after-service"})),
    Seeded("msp-type", secondary_by_claim, text("*12****MB", "*****MB"), "medicare-secondary-reason-missing", "SBR05", "2000B[1]"),
    # The claim.
    Seeded("sum", office_visit, text("CLM*C-3*335.32", "CLM*C-3*335.33"), "claim-sum", "CLM02", CLAIM),
    Seeded("nothing-billed", office_visit, lambda d: edited(edited(d, "CLM*C-3*335.32", "CLM*C-3*0"), "*335.32*UN", "*0*UN"), "charge-not-positive", "CLM02", CLAIM),
    Seeded("frequency", office_visit, text("11:B:1", "11:B:2"), "frequency-invalid", "CLM05-3", CLAIM),
    Seeded("seven-without-f8", replacement, replace("REF*F8", ""), "frequency-needs-payer-number", "CLM05-3", CLAIM),
    Seeded("aa-without-state", auto_accident, text("AA:OA::CA", "AA:OA"), "accident-state-missing", "CLM11-4", CLAIM),
    Seeded("aa-wrong-state", auto_accident, text("AA:OA::CA", "AA:OA::QQ"), "state-unknown", "CLM11-4", CLAIM),
    Seeded("accident-without-date", auto_accident, replace("DTP*439", ""), "accident-date-missing", "CLM11", CLAIM),
    Seeded("inpatient-without-admission", hospital_visit, replace("DTP*435", ""), "admission-date-missing", "CLM05-1", CLAIM),
    Seeded("place", office_visit, text("11:B:1", "98:B:1"), "place-of-service-unknown", "CLM05-1", CLAIM),
    Seeded("attachment-number", hospital_visit, text("PWK*OZ*EL***AC*ATT1", "PWK*OZ*EL"), "attachment-number-missing", "PWK06", CLAIM),
    Seeded("ambulance-facts", ambulance, replace("CR1", ""), "ambulance-facts-missing", "CLM05-1", CLAIM),
    Seeded("ambulance-pickup", ambulance, lambda d: changed(changed(changed(d, "NM1*PW", ""), "N3*", "", turn=3), "N4*", "", turn=3), "ambulance-pickup-missing", "CLM05-1", CLAIM),
    # Codes.
    Seeded("icd-shape", office_visit, text("ABK:R0789", "ABK:R07.89"), "diagnosis-shape", "HI01-2", CLAIM),
    Seeded("icd-nine", office_visit, text("ABK:R0789", "BK:78659"), "icd-version-date", "HI01-1", CLAIM),
    Seeded("procedure", office_visit, text("HC:G0008", "HC:GG08"), "procedure-shape", "SV101-2", "2400[1]"),
    Seeded("modifier", drug_given, text("J1100:25", "J1100:2!"), "modifier-shape", "SV101-3", "2400[1]"),
    Seeded("ndc", drug_given, text("N4*00041965013", "N4*0004-1965-13"), "ndc-shape", "LIN03", "2410[1]"),
    # Lines.
    Seeded("pointer", office_visit, text("***1:2~", "***1:4~"), "diagnosis-pointer-range", "SV107-2", "2400[1]"),
    Seeded("pointer-twice", office_visit, text("***1:2~", "***1:1~"), "diagnosis-pointer-repeated", "SV107", "2400[1]"),
    Seeded("line-control", hospital_visit, text("REF*6R*L2", "REF*6R*L1"), "line-control-number-repeated", "REF02", "2400[2]"),
    Seeded("line-number", hospital_visit, text("LX*2", "LX*3"), "line-number", "LX01", "2400[2]"),
    Seeded("no-service-date", office_visit, replace("DTP*472", ""), "service-date-missing", "SV1", "2400[1]"),
    Seeded("service-in-future", office_visit, text("DTP*472*D8*20260511", "DTP*472*D8*20260811"), "date-in-future", "DTP03", "2400[1]"),
    Seeded("no-quantity", office_visit, text("*UN*1*", "*UN*0*"), "quantity-not-positive", "SV104", "2400[1]"),
    # Other payers.
    Seeded("line-balance", secondary_by_line, text("SVD*OTHER1*60*HC:80053", "SVD*OTHER1*61*HC:80053"), "cob-line-balance", "SVD02", "2400[2]/2430[1]", companions=frozenset({"cob-claim-balance"})),
    Seeded("claim-balance", secondary_by_line, text("AMT*D*110", "AMT*D*111"), "cob-claim-balance", "AMT02", "2320[1]"),
    Seeded("charge-balance", secondary_by_claim, text("AMT*D*80", "AMT*D*81"), "cob-charge-balance", "AMT02", "2320[1]"),
    Seeded("paid-missing", secondary_by_line, replace("AMT*D", ""), "cob-paid-missing", "SBR", "2320[1]"),
    Seeded("date-twice", secondary_by_line, replace("REF*F8", "DTP*573*D8*20260208~REF*F8*PAYER1"), "adjudication-date-twice", "DTP03", "2330B[1]"),
    Seeded("date-missing", secondary_by_claim, replace("DTP*573", ""), "adjudication-date-missing", "NM1", "2330B[1]"),
    Seeded("same-sequence", secondary_by_line, text("SBR*P*18*G1", "SBR*S*18*G1"), "payer-sequence-repeated", "SBR01", "2320[1]"),
    Seeded("adjudication-of-nobody", secondary_by_line, text("SVD*OTHER1*60*HC:80053", "SVD*OTHER2*60*HC:80053"), "adjudication-payer-unknown", "SVD01", "2400[2]/2430[1]", companions=frozenset({"cob-charge-balance"})),
)  # fmt: skip
BILL = "2000A[1]/2000B[1]/2300[1]"
INSTITUTIONAL_FAULTS = (
    # Envelopes and levels.
    Seeded("se-count", outpatient_bill, lambda d: d.replace(b"~SE*", b"~SE*9"), "se01-count", "SE01"),
    Seeded("se-number", outpatient_bill, text("*0001~GE", "*0002~GE"), "se02-mismatch", "SE02"),
    Seeded("no-iea", outpatient_bill, cut("IEA"), "missing-iea", "ISA"),
    Seeded("ge-count", outpatient_bill, text("GE*1*1", "GE*2*1"), "ge01-count", "GE01"),
    Seeded("iea-number", outpatient_bill, text("IEA*1*000000001", "IEA*1*000000002"), "iea02-mismatch", "IEA02"),
    Seeded("hl-parent", outpatient_bill, text("HL*2*1*22", "HL*2*2*22"), "hl-parent", "HL02"),
    Seeded("hl-child", outpatient_bill, text("HL*2*1*22*0", "HL*2*1*22*1"), "hl-child-code", "HL04"),
    # Structure.
    Seeded("no-cl1", outpatient_bill, replace("CL1", ""), "segment-missing", "CL1", BILL, companions=frozenset({"institutional-codes-missing"})),
    Seeded("no-principal", outpatient_bill, replace("HI*ABK", ""), "segment-missing", "HI", BILL, companions=frozenset({"unreadable"})),
    Seeded("no-service", outpatient_bill, replace("SV2", ""), "segment-missing", "SV2", "2400[1]", companions=frozenset({"unreadable"})),
    Seeded("clm06-used", outpatient_bill, text("13:A:1**A", "13:A:1*Y*A"), "element-not-used", "CLM06", BILL),
    Seeded("wrong-qualifier", outpatient_bill, text(":A:1", ":B:1"), "code-not-in-guide", "CLM05-2", BILL),
    Seeded("d8-statement", outpatient_bill, text("DTP*434*RD8*20260302-20260304", "DTP*434*D8*20260302"), "code-not-in-guide", "DTP02", BILL),
    Seeded("two-attending", outpatient_bill, lambda d: edited(d, "~LX*1", "~NM1*71*1*TWO*DOC****XX*1000000012~LX*1"), "loop-too-often", "NM1", BILL),
    Seeded("professional-line", outpatient_bill, replace("REF*6R", "SV1*HC:99213*1*UN*1"), "segment-unexpected", "SV1", "2400[1]"),
    Seeded("poa-code", inpatient_stay, text(":::::::W~HI*ABJ", ":::::::Q~HI*ABJ"), "code-not-in-guide", "HI01-9", BILL),
    Seeded("reversed-span", inpatient_stay, text("RD8:20260302-20260303", "RD8:20260305-20260303"), "date-invalid", "HI01", BILL),
    Seeded("impossible-hour", inpatient_stay, text("TM*1105", "TM*2505"), "date-invalid", "DTP03", BILL),
    # Parties.
    Seeded("npi", outpatient_bill, text("*1000000012", "*1000000013"), "npi-invalid", "NM109", "2010AA"),
    Seeded("attending-npi", inpatient_stay, text("*1523192528", "*1523192529"), "npi-invalid", "NM109", "2310A[1]"),
    Seeded("attending-taxonomy", bill_after_medicare, text("PXC*207RC0000X", "PXC*207RC"), "taxonomy-shape", "PRV03", "2310A[1]"),
    Seeded("box", outpatient_bill, text("N3*1 MAIN ST", "N3*POST OFFICE BOX 9"), "billing-address-box", "N301", "2010AA"),
    Seeded("short-zip", outpatient_bill, text("*122070001", "*12207"), "postal-code-not-nine", "N403", "2010AA"),
    Seeded("no-demographics", outpatient_bill, replace("DMG*", ""), "subscriber-demographics-missing", "NM1", "2010BA"),
    # The bill.
    Seeded("sum", inpatient_stay, text("CLM*I-4*673.86", "CLM*I-4*673.85"), "claim-sum", "CLM02", BILL),
    Seeded("bill-type", outpatient_bill, text("13:A:1", "93:A:1"), "bill-type-shape", "CLM05-1", BILL),
    Seeded("frequency", outpatient_bill, text("13:A:1", "13:A:R"), "frequency-invalid", "CLM05-3", BILL),
    Seeded("seven-without-f8", corrected_bill, replace("REF*F8", ""), "frequency-needs-payer-number", "CLM05-3", BILL),
    Seeded("no-statement", outpatient_bill, replace("DTP*434", ""), "statement-dates-missing", "CLM", BILL),
    Seeded("statement-reversed", outpatient_bill, text("20260302-20260304", "20260307-20260304"), "statement-dates-reversed", "DTP03", BILL, companions=frozenset({"date-invalid"})),
    Seeded("statement-in-future", outpatient_bill, text("20260302-20260304", "20260302-20260904"), "date-in-future", "DTP03", BILL),
    Seeded("no-admission", inpatient_stay, replace("DTP*435", ""), "admission-date-missing", "CLM05-1", BILL),
    Seeded("no-discharge-hour", inpatient_stay, replace("DTP*096", ""), "discharge-hour-missing", "CLM05-3", BILL),
    Seeded("hour-on-interim", interim_bill, replace("DTP*434", "DTP*096*TM*1105~DTP*434*RD8*20260302-20260304"), "discharge-hour-on-interim", "DTP03", BILL),
    Seeded("still-there", interim_bill, lambda d: edited(edited(d, "11:A:2", "11:A:1"), "CL1*1*1*30", "CL1*1*1*30"), "still-patient-on-final-bill", "CL103", BILL),
    Seeded("status-shape", outpatient_bill, text("CL1*3*1*01", "CL1*3*1*1"), "patient-status-shape", "CL103", BILL),
    Seeded("no-admitting", inpatient_stay, replace("HI*ABJ", ""), "admitting-diagnosis-missing", "CLM05-1", BILL),
    Seeded("admitting-outpatient", emergency, text("~HI*APR", "~HI*ABJ:R109~HI*APR"), "admitting-diagnosis-unexpected", "HI01", BILL),
    Seeded("no-reason", emergency, replace("HI*APR", ""), "reason-for-visit-missing", "CLM05-1", BILL),
    Seeded("reason-inpatient", inpatient_stay, text("~HI*ABN", "~HI*APR:R109~HI*ABN"), "reason-for-visit-unexpected", "HI01", BILL),
    Seeded("poa-outpatient", outpatient_bill, text("ABK:R0789", "ABK:R0789:::::::Y"), "poa-unexpected", "HI01-9", BILL),
    Seeded("no-attending", outpatient_bill, lambda d: changed(changed(d, "NM1*71", ""), "PRV*AT", ""), "attending-provider-missing", "CLM", BILL),
    Seeded("procedure-outpatient", outpatient_bill, text("~HI*ABF", "~HI*BBR:0DTJ4ZZ:D8:20260302~HI*ABF"), "inpatient-procedure-on-outpatient", "HI01", BILL),
    Seeded("procedure-shape", inpatient_stay, text("BBR:0DTJ4ZZ", "BBR:0DTJ4ZO"), "inpatient-procedure-shape", "HI01-2", BILL),
    Seeded("procedure-undated", inpatient_stay, text("BBQ:5A1955Z:D8:20260303", "BBQ:5A1955Z"), "procedure-date-missing", "HI01-4", BILL),
    Seeded("occurrence-twice", many_codes, text("BH:02:D8", "BH:01:D8"), "occurrence-repeated", "HI", BILL),
    Seeded("auto-state", emergency, text("REF*LU*NY", "REF*LU*QQ"), "state-unknown", "REF02", BILL),
    Seeded("icd-shape", inpatient_stay, text("ABF:E119", "ABF:E11.9"), "diagnosis-shape", "HI01-2", BILL),
    Seeded("icd-second-segment", many_codes, text("ABF:E125:", "ABF:EE125:"), "diagnosis-shape", "HI04-2", BILL),
    Seeded("icd-nine", outpatient_bill, text("ABK:R0789", "BK:78659"), "icd-version-date", "HI01-1", BILL),
    # Lines.
    Seeded("revenue-shape", inpatient_stay, text("SV2*0120", "SV2*120"), "revenue-code-shape", "SV201", "2400[1]"),
    Seeded("revenue-total", inpatient_stay, text("SV2*0360", "SV2*0001"), "revenue-total-line", "SV201", "2400[2]"),
    Seeded("procedure", bill_after_medicare, text("SV2*0250*HC:J1100*", "SV2*0250*HC:J11*"), "procedure-shape", "SV202-2", "2400[1]"),
    Seeded("negative-line", inpatient_stay, lambda d: edited(edited(d, "*83.71*", "*-83.71*"), "CLM*I-4*673.86", "CLM*I-4*506.44"), "charge-negative", "SV203", "2400[1]"),
    Seeded("line-control", inpatient_stay, text("REF*6R*L2", "REF*6R*L1"), "line-control-number-repeated", "REF02", "2400[2]"),
    Seeded("line-number", inpatient_stay, text("LX*2", "LX*4"), "line-number", "LX01", "2400[2]"),
    Seeded("ndc", bill_with_drug, text("N4*00041965013", "N4*0041965013"), "ndc-shape", "LIN03", "2410[1]"),
    # Other payers.
    Seeded("line-balance", bill_after_medicare, text("SVD*OTHER1*700", "SVD*OTHER1*699"), "cob-line-balance", "SVD02", "2430[1]", companions=frozenset({"cob-claim-balance"})),
    Seeded("claim-balance", bill_after_medicare, text("AMT*D*700", "AMT*D*701"), "cob-claim-balance", "AMT02", "2320[1]"),
    Seeded("paid-negative", bill_after_medicare, lambda d: edited(edited(d, "SVD*OTHER1*700", "SVD*OTHER1*-700"), "CAS*CO*45*300", "CAS*CO*45*1700"), "paid-negative", "SVD02", "2430[1]", companions=frozenset({"cob-claim-balance"})),
    Seeded("prior-payer", bill_after_medicare, without_other_payer, "prior-payer-missing", "CLM", BILL, companions=frozenset({"adjudication-payer-unknown"})),
    Seeded("unknown-payer", bill_after_medicare, text("SVD*OTHER1", "SVD*OTHER9"), "adjudication-payer-unknown", "SVD01", "2430[1]", companions=frozenset({"cob-charge-balance", "adjudication-date-missing"})),
)  # fmt: skip
#: Faults of the rules that the two tables above leave out, and of advice.
FURTHER_FAULTS = (
    Seeded("ein-with-hyphen", office_visit, text("EI*123456789", "EI*12-3456789"), "tax-number-shape", "REF02", "2010AA"),
    Seeded("long-claim-id", office_visit, text("CLM*C-3*", "CLM*C-3" + "0" * 18 + "*"), "claim-id-over-20", "CLM01", CLAIM),
    Seeded("f8-on-original", replacement, lambda d: edited(edited(d, ":B:7", ":B:1"), ":B:1", ":B:1"), "payer-number-on-original", "REF02", CLAIM),
    Seeded("born-after-service", office_visit, text("DMG*D8*19600310", "DMG*D8*20260601"), "birth-after-service", "CLM", CLAIM),
    Seeded("disability-reversed", auto_accident, disability_reversed, "dates-reversed", "DTP03", CLAIM, companions=frozenset({"date-invalid"})),
    Seeded("diagnosis-twice", office_visit, text("ABF:M5450", "ABF:R0789"), "diagnosis-repeated", "HI", CLAIM),
    Seeded("external-cause-first", office_visit, text("ABK:R0789", "ABK:W19XXXA"), "external-cause-principal", "HI01-2", CLAIM),
    Seeded("modifier-twice", drug_given, text("J1100:25", "J1100:25:25"), "modifier-repeated", "SV101", "2400[1]"),
    Seeded("two-authorizations", with_everything, text("A2**2U:OTHER1", "A2"), "authorization-repeated", "REF02", "2400[1]"),
    Seeded("liability-twice", secondary_by_line, replace("OI*", "AMT*EAF*20~OI***Y***Y"), "remaining-liability-twice", "AMT02", "2320[1]", companions=frozenset({"segment-out-of-order"})),
    Seeded("later-payer-paid", secondary_by_line, text("SBR*P*18*G1", "SBR*T*18*G1"), "later-payer-adjudicated", "SBR01", "2320[1]"),
    Seeded("other-payer-twice", secondary_by_claim, other_payer_twice, "other-payer-repeated", "NM109", "2320[2]/2330B[1]"),
    Seeded("outside-statement", bill_after_medicare, text("DTP*472*D8*20260303", "DTP*472*D8*20260309"), "service-outside-statement", "DTP03", "2400[1]"),
    Seeded("undated-line", bill_after_medicare, replace("DTP*472", ""), "line-date-missing", "SV2", "2400[1]"),
    Seeded("no-operating", inpatient_stay, replace("NM1*72", ""), "operating-provider-missing", "HI", BILL),
    Seeded("no-poa", inpatient_stay, text("ABF:E119:::::::N", "ABF:E119"), "poa-missing", "HI01-9", BILL),
    Seeded("no-such-tooth", dental_visit, replace("TOO*JP", "TOO*JP*33"), "tooth-code", "TOO02", "2400[1]"),
    Seeded("no-admission-type", outpatient_bill, text("CL1*3*1*01", "CL1**1*01"), "institutional-codes-missing", "CL1", BILL, companions=frozenset({"element-required"})),
)  # fmt: skip
