"""The HL7 v2 messages of a case: 2.5.1, ER7, CR after each segment."""

from collections.abc import Iterator
from datetime import date, timedelta

from tools.sampler.cases import NOTE, Case, Line, Payer
from tools.sampler.people import Doctor, Person

CLASSES = {"inpatient": "I", "emergency": "E"}
# User-defined tables of the synthetic sites: admission type, point of origin, patient status.
ADMISSION = {"inpatient": ("1", "1", "01"), "emergency": ("1", "1", "01")}


def messages(case: Case) -> Iterator[tuple[str, str]]:
    """Yield (trigger, message) in the order in which they leave the EHR."""
    shape = case.shape
    if case.is_fhir:
        return
    yield "ADT", _message(case, "A01" if shape == "inpatient" else "A04", _registration(case))
    if case.kind == "office-merge":
        old = f"MRG|{case.patient.record_number}9^^^{case.site.facility}^MR||{case.account}9"
        yield "ADT", _message(case, "A40", [_pid(case), old], suffix="M")
    if case.kind == "office-cancelled":
        yield "ADT", _message(case, "A11", [_pid(case), _pv1(case)], suffix="C")
        return
    charges = [*_header(case), *_charges(case)]
    yield (
        "BATCH" if case.kind == "office-batch" else "DFT",
        _message(case, "P03", charges, suffix="D"),
    )
    if case.kind == "office-no-diagnosis":
        yield "MDM", _message(case, "T02", [_pid(case), _pv1(case), *_note(case)], suffix="N")
    if shape in {"inpatient", "emergency", "outpatient"}:
        yield "ADT", _message(case, "A03", [_pid(case), _pv1(case, discharged=True)], suffix="X")
    if shape == "inpatient":
        yield "BAR", _message(case, "P05", [*_header(case), *_final_coding(case)], suffix="B")


def late_messages(case: Case) -> Iterator[tuple[str, str]]:
    """Yield what arrives after the first claim went out: a credit, a late charge."""
    if case.credits:
        credit = [
            _ft1(case, n + 1, line, credit=True)
            for n, line in enumerate(case.lines)
            if n in case.credits
        ]
        yield "DFT", _message(case, "P03", [_pid(case), _pv1(case), *credit], suffix="R")
    if case.kind == "office-late-charge":
        line = Line("G0444", 2200, pointers=(1,))
        yield (
            "DFT",
            _message(
                case, "P03", [*_header(case), _ft1(case, len(case.lines) + 1, line)], suffix="L"
            ),
        )


def batch(kind: str, bodies: list[str], day: date) -> str:
    """Wrap messages as a nightly HL7 batch file, with the counts that a receiver must verify."""
    stamp = f"{day:%Y%m%d}230000"
    ends = f"|^~\\&|EHR|{kind}|RCM|BILLING|{stamp}"
    return f"FHS{ends}||charges\rBHS{ends}||||B1\r{''.join(bodies)}BTS|{len(bodies)}\rFTS|1\r"


def _message(case: Case, trigger: str, segments: list[str], suffix: str = "A") -> str:
    kinds = {"P03": "DFT^P03^DFT_P03", "P05": "BAR^P05^BAR_P05", "T02": "MDM^T02^MDM_T02"}
    kind = kinds.get(trigger, f"ADT^{trigger}^ADT_A01")
    stamp = f"{case.day:%Y%m%d}101500-0500"
    head = (
        f"MSH|^~\\&|EHR|{case.site.facility}|RCM|BILLING|{stamp}||{kind}"
        f"|{case.site.facility[0]}{case.number:08d}{suffix}"
        "|P|2.5.1|||||USA"
    )
    return "\r".join([head, f"EVN|{trigger}|{stamp}", *segments]) + "\r"


def _note(case: Case) -> list[str]:
    fields = [""] * 18
    fields[0:5] = ["TXA", "1", "PN", "TX", f"{case.day:%Y%m%d}094500"]
    fields[12], fields[17] = f"N{case.number:08d}", "AU"
    return ["|".join(fields), f"OBX|1|TX|PN^Progress note||{'~'.join(NOTE)}||||||F"]


def _registration(case: Case) -> list[str]:
    return [_pid(case), _pv1(case), *_coverage(case)]


def _header(case: Case) -> list[str]:
    discharged = case.shape == "inpatient"
    return [_pid(case), _pv1(case, discharged=discharged), *_coverage(case)]


def _xcn(doctor: Doctor, *, spoiled: bool = False) -> str:
    number = doctor.npi[:-1] + str((int(doctor.npi[-1]) + 1) % 10) if spoiled else doctor.npi
    return f"{number}^{doctor.last}^{doctor.first}^^^^MD^^&2.16.840.1.113883.4.6&ISO^L^^^NPI"


def _address(person: Person) -> str:
    return f"{person.street}^^{person.city}^{person.state}^{person.postal}^USA^H"


def _pid(case: Case) -> str:
    p = case.patient
    return (
        f"PID|1||{p.record_number}^^^{case.site.facility}^MR"
        f"||{p.last.upper()}^{p.first.upper()}^{p.middle}"
        f"||{p.born_on:%Y%m%d}|{p.sex}|||{_address(p)}||^PRN^PH^^1^{p.phone[:3]}^{p.phone[3:]}"
        f"|||||{case.account}^^^{case.site.facility}^AN"
    )


def _pv1(case: Case, *, discharged: bool = False) -> str:
    shape = case.shape
    fields = [""] * 46
    fields[0], fields[1], fields[2] = "PV1", "1", CLASSES.get(shape, "O")
    fields[3] = f"{'WARD' if shape == 'inpatient' else shape.upper()[:6]}^^^{case.site.facility}"
    admission, origin, status = ADMISSION.get(shape, ("3", "1", "01"))
    fields[4], fields[14] = admission, origin
    fields[7] = _xcn(case.doctor, spoiled=case.kind == "office-bad-npi")
    fields[19] = case.visit
    if case.kind == "office-self-pay":
        fields[20] = "SP"
    fields[44] = f"{case.day:%Y%m%d}090000-0500"
    if discharged:
        fields[36] = status
        fields[45] = f"{case.day + timedelta(days=case.stay_days):%Y%m%d}140000-0500"
    return "|".join(fields).rstrip("|")


def _coverage(case: Case) -> list[str]:
    if case.kind == "office-self-pay":
        return [
            (
                f"GT1|1|{case.account}|{case.patient.last.upper()}^{case.patient.first.upper()}"
                f"||{_address(case.patient)}"
            )
        ]
    segments = [_insurance(case, 1, case.payer, case.member)]
    if case.second is not None:
        segments.append(_insurance(case, 2, case.second, case.second_member))
    return segments


def _insurance(case: Case, order: int, payer: Payer, member: str) -> str:
    s = case.subscriber
    relation = "18^SELF" if case.subscriber is case.patient else "19^CHILD"
    fields = [""] * 50
    fields[0:5] = ["IN1", str(order), payer.plan, f"{payer.number}^^^PAYERID", payer.name]
    fields[8] = f"GRP{case.number % 97:03d}" if order == 1 else ""
    fields[12] = f"{case.day.year}0101"
    if case.scenario != "denied-authorization" and case.shape == "inpatient" and order == 1:
        fields[14] = f"AUTH{case.number:06d}"
    fields[16], fields[17] = f"{s.last.upper()}^{s.first.upper()}", relation
    fields[18], fields[19] = f"{s.born_on:%Y%m%d}", _address(s)
    fields[22] = str(order)
    fields[36] = member
    fields[43] = s.sex
    return "|".join(fields).rstrip("|")


def _charges(case: Case) -> list[str]:
    return [
        *(_ft1(case, n + 1, line) for n, line in enumerate(case.lines)),
        *([_reason(case)] if case.shape == "emergency" else []),
        *_diagnoses(case, final=case.shape != "inpatient"),
    ]


def _diagnoses(case: Case, *, final: bool) -> list[str]:
    kind = "F" if final else "W"
    present = "|||||||||||Y" if case.shape == "inpatient" else ""
    return [
        f"DG1|{n + 1}||{_dotted(code)}^^I10|||{kind}|||||||||{n + 1}{present}"
        for n, code in enumerate(case.diagnoses)
    ]


def _final_coding(case: Case) -> list[str]:
    segments = [_reason(case), *_diagnoses(case, final=True)]
    if case.drg:
        segments.append(f"DRG|{case.drg}^^MSDRG")
    if case.procedure:
        segments.append(
            f"PR1|1||{case.procedure}^^I10P||{case.day + timedelta(days=1):%Y%m%d}100000|||||||||1"
        )
    return segments


def _reason(case: Case) -> str:
    """The diagnosis at admission, or the patient's reason for an unscheduled visit."""
    return f"DG1|1||{_dotted(case.diagnoses[0])}^^I10|||A"


def _dotted(code: str) -> str:
    return code if len(code) <= 3 else f"{code[:3]}.{code[3:]}"


def _ft1(case: Case, number: int, line: Line, *, credit: bool = False) -> str:
    fields = [""] * 44
    sign = -1 if credit else 1
    cents = sign * line.cents
    amount = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"
    shape = case.kind.split("-")[0]
    fields[0], fields[1], fields[2] = "FT1", str(number), f"{case.visit}T{number}"
    fields[4] = f"{case.day:%Y%m%d}093000-0500"
    fields[5] = f"{case.day + timedelta(days=1):%Y%m%d}"
    fields[6] = "CD" if credit else "CG"
    fields[7] = f"{line.revenue or 'PB'}{line.code or '00000'}^CHARGE^CDM"
    fields[10], fields[11] = str(sign * line.units), amount
    if line.revenue:
        fields[13] = f"{line.revenue}^DEPARTMENT"
    place = {"office": "11", "outpatient": "22", "emergency": "23", "inpatient": "21"}[shape]
    fields[16] = f"{shape.upper()[:6]}^^^{case.site.facility}^^^{place}"
    fields[19] = "~".join(
        f"{_dotted(case.diagnoses[p - 1])}^^I10" for p in line.pointers if p <= len(case.diagnoses)
    )
    fields[20] = _xcn(case.doctor, spoiled=case.kind == "office-bad-npi")
    if line.code:
        fields[25] = f"{line.code}^^HCPCS"
    fields[26] = "~".join(line.modifiers)
    if line.ndc:
        ndc = line.ndc
        fields[29] = f"{ndc[:5]}-{ndc[5:9]}-{ndc[9:]}^^NDC"
        fields[32], fields[33] = "", ""
    return "|".join(fields).rstrip("|")
