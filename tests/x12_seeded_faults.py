"""Faults to seed into valid 270, 271, 276, 277, 277CA, 999, 278, 834 and 820 files, one change each.

A row is a name, the segment that is changed (its beginning), what it becomes (None drops it; a
list puts several), and then the rule, the position and the beginning of the segment blamed.
"""

# ruff: noqa: E501 - a row of the tables below is one line, so that they read as tables

from x12_cases import ISA

_HIGHER = "HL*1**20*1"


def _gs(code, version):
    return f"GS*{code}*PLAN*CLINIC*20260302*1200*7*X*{version}"


INQUIRY = (
    "BHT*0022*13*ASK-1*20260302*1200",
    _HIGHER, "NM1*PR*2*SAMPLE HEALTH PLAN*****PI*PLAN1",
    "HL*2*1*21*1", "NM1*1P*2*NORTHSIDE CLINIC*****XX*1234567893", "REF*TJ*123456789",
    "HL*3*2*22*0", "TRN*1*T-1*9123456789", "NM1*IL*1*DOE*JANE****MI*M0001", "DMG*D8*19800401*F",
    "DTP*291*RD8*20260301-20260331", "EQ*30", "EQ**HC:99213",
    "HL*4*2*22*1", "NM1*IL*1*ROE*ANN****MI*M0002",
    "HL*5*4*23*0", "TRN*1*T-2*9123456789", "NM1*03*1*ROE*SAM", "DMG*D8*20150203*M", "INS*N*19", "EQ*30",
)  # fmt: skip
RESPONSE = (
    "BHT*0022*11*ASK-1*20260302*1200",
    _HIGHER, "NM1*PR*2*SAMPLE HEALTH PLAN*****PI*PLAN1", "PER*IC*DESK*TE*8005550100",
    "HL*2*1*21*1", "NM1*1P*2*NORTHSIDE CLINIC*****XX*1234567893",
    "HL*3*2*22*0", "TRN*2*T-1*9123456789", "NM1*IL*1*DOE*JANE****MI*M0001", "REF*6P*G1",
    "N3*1 MAIN ST", "N4*ALBANY*NY*12207", "DMG*D8*19800401*F", "DTP*346*D8*20260101",
    "EB*1*IND*30*HM*GOLD", "EB*B*IND*98***27*25", "EB*A*IND*98*****.2", "EB*C*IND*30***23*500",
    "EB*F*IND*33***23***VS*20", "HSD*VS*20***22", "MSG*PER CALENDAR YEAR", "LS*2120", "NM1*P3*1*WELBY*MARCUS", "LE*2120",
    "HL*4*2*22*0", "NM1*IL*1*ROE*ANN****MI*M0002", "AAA*N**75*C",
)  # fmt: skip
STATUS_REQUEST = (
    "BHT*0010*13*ASK-2*20260302*1200",
    _HIGHER, "NM1*PR*2*SAMPLE HEALTH PLAN*****PI*PLAN1",
    "HL*2*1*21*1", "NM1*41*2*NORTHSIDE BILLING*****46*NB1",
    "HL*3*2*19*1", "NM1*1P*2*NORTHSIDE CLINIC*****XX*1234567893",
    "HL*4*3*22*0", "DMG*D8*19800401*F", "NM1*IL*1*DOE*JANE****MI*M0001",
    "TRN*1*T-1", "REF*1K*PCN1", "REF*EJ*C-1001", "AMT*T3*125", "DTP*472*RD8*20260203-20260203",
    "TRN*1*T-2", "SVC*HC:99213*125*****1", "REF*FJ*L1", "DTP*472*D8*20260203",
    "HL*5*3*22*1", "NM1*IL*1*ROE*ANN****MI*M0002",
    "HL*6*5*23", "DMG*D8*20150203*M", "NM1*QC*1*ROE*SAM", "TRN*1*T-3", "DTP*472*D8*20260204",
)  # fmt: skip
STATUS_REPORT = (
    "BHT*0010*08*ANS-2*20260303*0900*DG",
    _HIGHER, "NM1*PR*2*SAMPLE HEALTH PLAN*****PI*PLAN1", "PER*IC*DESK*TE*8005550100",
    "HL*2*1*21*1", "NM1*41*2*NORTHSIDE BILLING*****46*NB1",
    "HL*3*2*19*1", "NM1*1P*2*NORTHSIDE CLINIC*****XX*1234567893",
    "HL*4*3*22*0", "NM1*IL*1*DOE*JANE****MI*M0001",
    "TRN*2*T-1", "STC*F1:65*20260301**125*100*20260302**20260302*EFT-5", "REF*1K*PCN1", "DTP*472*RD8*20260203-20260203",
    "SVC*HC:99213*125*100****1", "STC*F1:65*20260301", "REF*FJ*L1", "DTP*472*D8*20260203",
    "TRN*2*T-2", "STC*P1:20*20260301**50*0", "REF*1K*PCN2", "DTP*472*D8*20260204",
)  # fmt: skip
CLAIM_ACKNOWLEDGMENT = (
    "BHT*0085*08*ACK-1*20260302*1200*TH",
    _HIGHER, "NM1*PR*2*SAMPLE HEALTH PLAN*****PI*PLAN1", "TRN*1*SRC-1", "DTP*050*D8*20260302", "DTP*009*D8*20260302",
    "HL*2*1*21*1", "NM1*41*2*NORTHSIDE BILLING*****46*NB1", "TRN*2*BATCH-1", "STC*A1:19:PR*20260302*WQ*325",
    "QTY*90*1", "QTY*AA*1", "AMT*YU*125", "AMT*YY*200",
    "HL*3*2*19*1", "NM1*85*2*NORTHSIDE CLINIC*****XX*1234567893", "TRN*1*0", "STC*A1:19:PR**WQ*325",
    "QTY*QA*1", "QTY*QC*1", "AMT*YU*125", "AMT*YY*200",
    "HL*4*3*PT", "NM1*QC*1*DOE*JANE****MI*M0001", "TRN*2*C-1001", "STC*A2:20:PR*20260302*WQ*125", "REF*1K*PCN1", "DTP*472*D8*20260203",
    "HL*5*3*PT", "NM1*QC*1*ROE*SAM****MI*M0002", "TRN*2*C-1002", "STC*A7:562:85*20260302*U*200", "DTP*472*RD8*20260203-20260204",
    "SVC*HC:99213*200*****1", "STC*A7:454**U", "REF*FJ*L1",
)  # fmt: skip
IMPLEMENTATION = (
    "AK1*HC*7*005010X222A1",
    "AK2*837*0001*005010X222A1", "IK5*A",
    "AK2*837*0002*005010X222A1", "IK3*NM1*8**8", "CTX*CLM01:C-1001", "IK4*9*67*7*12345", "IK3*HI*22*2300*5", "IK5*R*5",
    "AK2*837*0003*005010X222A1", "IK3*REF*9**8", "IK4*2*127*5*TOO LONG", "IK5*E*I5",
    "AK9*P*3*3*2",
)  # fmt: skip
REVIEW = (
    "BHT*0007*11*ANS-3*20260302*1200*19",
    _HIGHER, "NM1*X3*2*SAMPLE HEALTH PLAN*****PI*PLAN1",
    "HL*2*1*21*1", "NM1*1P*2*NORTHSIDE CLINIC*****XX*1234567893",
    "HL*3*2*22*1", "NM1*IL*1*DOE*JANE****MI*M0001", "DMG*D8*19800401*F",
    "HL*4*3*EV*1", "TRN*2*T-1*9123456789", "UM*HS*I*1*11:B", "HCR*A1*AUTH1", "DTP*AAH*RD8*20260301-20260331", "HI*ABK:E119",
    "NM1*SJ*1*WELBY*MARCUS****XX*1992999999",
    "HL*5*4*SS*0", "HCR*A1*AUTH1", "SV1*HC:97110*100*UN*8",
)  # fmt: skip
ENROLLMENT = (
    "BGN*00*FILE-1*20260302*1200****2", "REF*38*G1", "QTY*TO*2", "QTY*ET*1", "QTY*DT*1",
    "N1*P5*SAMPLE EMPLOYER*FI*123456789", "N1*IN*SAMPLE HEALTH PLAN*FI*987654321",
    "INS*Y*18*021*20*A***FT", "REF*0F*S1", "REF*1L*G1", "DTP*356*D8*20260301", "NM1*IL*1*DOE*JANE****34*123456789", "DMG*D8*19800401*F", "HD*021**HLT", "DTP*348*D8*20260301",
    "INS*N*19*021*20*A", "REF*0F*S1", "NM1*IL*1*DOE*SAM", "DMG*D8*20150203*M", "HD*021**HLT", "DTP*348*D8*20260301",
)  # fmt: skip
PREMIUM = (
    "BPR*I*350*C*ACH*CCP*01*021000021*DA*1111*1999999999**01*021000089*DA*2222*20260304", "TRN*1*PAY-1*1999999999",
    "N1*PE*SAMPLE HEALTH PLAN*FI*987654321", "N1*PR*SAMPLE EMPLOYER*FI*123456789",
    "ENT*1*2J*EI*EMP1", "NM1*EY*1*DOE*JANE****EI*EMP1", "RMR*AZ*G1**200*200", "DTM*582****RD8*20260301-20260331",
    "ENT*2*2J*EI*EMP2", "NM1*EY*1*ROE*ANN****EI*EMP2", "RMR*AZ*G1**150*160", "ADX*-10*53",
)  # fmt: skip

ATTACHMENT = (
    "BGN*11*REF-1*20260302*1200", "NM1*PR*2*SAMPLE HEALTH PLAN*****PI*PLAN1", "NM1*41*2*NORTHSIDE BILLING*****46*NB1",
    "NM1*1P*2*NORTHSIDE CLINIC*****XX*1234567893", "N3*1 MAIN ST", "N4*ALBANY*NY*12207",
    "NM1*QC*1*DOE*JANE****MI*M0001", "REF*EJ*C-1001", "REF*1K*PCN1", "DTP*472*D8*20260203",
    "LX*1", "TRN*2*ACN-1", "STC*R4:18842-5::LOI", "REF*6R*L1", "DTP*368*D8*20260302",
    "CAT*AE*TX", "EFI*05", "BIN*11*HELLO WORLD",
    "LX*2", "TRN*2*ACN-2", "CAT*AE*HL", "EFI*05", "BDS*B64*8*aGVsbG8K",
)  # fmt: skip
REQUEST = (
    "BHT*0085*48*RFAI-1*20260302*1200*RQ",
    _HIGHER, "NM1*PR*2*SAMPLE HEALTH PLAN*****PI*PLAN1", "PER*IC*DESK*TE*8005550100",
    "HL*2*1*21*1", "NM1*41*2*NORTHSIDE BILLING*****46*NB1",
    "HL*3*2*19*1", "NM1*1P*2*NORTHSIDE CLINIC*****XX*1234567893",
    "HL*4*3*22*0", "NM1*IL*1*DOE*JANE****MI*M0001",
    "TRN*1*ACN-1", "STC*R4:18842-5::LOI*20260302**125******R4:34117-2::LOI", "REF*1K*PCN1", "REF*EJ*C-1001", "DTP*472*D8*20260203", "DTP*106*D8*20260415",
    "PWK*OZ*EL", "N1*RJ*MAIL ROOM", "N3*9 PLAN ST", "N4*ALBANY*NY*12207",
    "SVC*HC:99213*125*****1", "STC*R4:11506-3::LOI*20260302", "REF*FJ*L1", "DTP*472*D8*20260203",
    "HL*5*3*22*1", "NM1*IL*1*ROE*ANN****MI*M0002",
    "HL*6*5*23", "NM1*QC*1*ROE*SAM", "TRN*1*ACN-2", "STC*R4:18842-5::LOI*20260302**80", "REF*EJ*C-1002",
)  # fmt: skip

#: name of the family: (ST, GS, the valid body)
FAMILIES = {
    "270": ("ST*270*0001*005010X279A1", _gs("HS", "005010X279A1"), INQUIRY),
    "271": ("ST*271*0001*005010X279A1", _gs("HB", "005010X279A1"), RESPONSE),
    "276": ("ST*276*0001*005010X212", _gs("HR", "005010X212"), STATUS_REQUEST),
    "277": ("ST*277*0001*005010X212", _gs("HN", "005010X212"), STATUS_REPORT),
    "277CA": ("ST*277*0001*005010X214", _gs("HN", "005010X214"), CLAIM_ACKNOWLEDGMENT),
    "999": ("ST*999*0001*005010X231A1", _gs("FA", "005010X231A1"), IMPLEMENTATION),
    "275": ("ST*275*0001*005010X210", _gs("PI", "005010X210"), ATTACHMENT),
    "277RFAI": ("ST*277*0001*005010X213", _gs("HN", "005010X213"), REQUEST),
    "278": ("ST*278*0001*005010X217", _gs("HI", "005010X217"), REVIEW),
    "834": ("ST*834*0001*005010X220A1", _gs("BE", "005010X220A1"), ENROLLMENT),
    "820": ("ST*820*0001*005010X218", _gs("RA", "005010X218"), PREMIUM),
}

#: Faults of the envelopes, alike in every family.
ENVELOPE_FAULTS = (
    ("SE left out", "SE*", None, "missing-se", "*", ""),
    ("GE left out", "GE*", None, "missing-ge", "GS", "GS*"),
    ("IEA left out", "IEA*", None, "missing-iea", "ISA", "ISA*"),
    ("SE01 counts wrong", "SE*", "SE*2*0001", "se01-count", "SE01", "SE*"),
    ("SE02 differs", "SE*", "=*0002", "se02-mismatch", "SE02", "SE*"),
    ("GE01 counts wrong", "GE*", "GE*2*7", "ge01-count", "GE01", "GE*"),
    ("GE02 differs", "GE*", "GE*1*8", "ge02-mismatch", "GE02", "GE*"),
    ("IEA01 counts wrong", "IEA*", "IEA*3*000000042", "iea01-count", "IEA01", "IEA*"),
    ("IEA02 differs", "IEA*", "IEA*1*000000043", "iea02-mismatch", "IEA02", "IEA*"),
    ("GS01 of another set", "GS*", "GS*XX", "gs01-mismatch", "ST", "ST*"),
    (
        "ST03 of another guide",
        "ST*",
        "ST03=005010X299",
        "st03-gs08-differ|version-unknown",
        "ST03",
        "ST*",
    ),
    ("GS04 is no day", "GS*", "GS04=20260230", "gs-element-invalid", "GS04", "GS*"),
    ("ISA10 is no time", "ISA*", "ISA10=2561", "isa-element-invalid", "ISA10", "ISA*"),
)
_HL_FAULTS = (
    ("HL01 skips a number", "HL*3*", "HL01=7", "hl-number", "HL01", "HL*7"),
    ("HL02 names another parent", "HL*3*", "HL02=1", "hl-parent", "HL02", "HL*3"),
    ("HL03 of no level", "HL*2*1*21", "HL03=99", "qualifier-unexpected", "HL03", "HL*2*1*99"),
    ("HL04 of no code", "HL*2*1*21", "HL04=7", "code-not-in-guide", "HL04", "HL*2"),
    ("BHT01 of another set", "BHT*", "BHT01=0019", "code-not-in-guide", "BHT01", "BHT*"),
    ("BHT03 left out", "BHT*", "BHT03=", "element-required", "BHT03", "BHT*"),
    ("BHT04 is no day", "BHT*", "BHT04=20260229", "date-invalid", "BHT04", "BHT*"),
    ("BHT05 is no time", "BHT*", "BHT05=2460", "time-invalid", "BHT05", "BHT*"),
    ("BHT left out", "BHT*", None, "segment-missing", "BHT", "*"),
    ("a segment that X12 lacks", "NM1*PR", ["=", "QQQ*1"], "segment-unknown", "QQQ", "QQQ"),
)
_PROVIDER_FAULTS = (
    (
        "an NPI whose check digit is wrong",
        "NM1*1P",
        "NM109=1234567890",
        "npi-check-digit",
        "NM109",
        "NM1*1P",
    ),
    (
        "a provider without a name and number",
        "NM1*1P",
        "NM1*1P*2",
        "element-required",
        "*",
        "NM1*1P",
    ),
    (
        "a payer without its number",
        "NM1*PR",
        "NM1*PR*2*SAMPLE HEALTH PLAN",
        "element-required",
        "*",
        "NM1*PR",
    ),
    ("a payer left out", "NM1*PR", None, "loop-missing", "NM1", "HL*"),
    ("a qualifier of no list", "NM1*PR", "NM108=ZZZ", "*", "NM108", "NM1*PR"),
)
FAULTS = {
    "270": (
        *_HL_FAULTS[:5], *_HL_FAULTS[6:], *_PROVIDER_FAULTS,
        ("a promise of a level that does not come", "HL*3*", "HL04=1", "hl-child-code", "HL04", "HL*3"),
        ("a level denied that comes", "HL*4*", "HL04=0", "hl-child-code", "HL04", "HL*4"),
        ("nothing asked of a subscriber", "EQ*", None, "question-missing", "HL", "HL*3", "EQ*"),
        ("nothing asked of a dependent", "EQ*30|2", None, "question-missing", "HL", "HL*5"),
        ("a subscriber without number, name and birth", "NM1*IL*1*DOE", "NM1*IL*1*DOE", "person-not-identified", "NM1", "NM1*IL", "DMG*D8*1980"),
        ("a dependent without birth", "DMG*D8*2015", None, "person-not-identified", "NM1", "NM1*03"),
        ("a birth after the question", "DMG*D8*1980", "DMG02=20260401", "birth-in-future", "DMG02", "DMG*D8*202"),
        ("a birth on no day", "DMG*D8*1980", "DMG02=19800431", "date-invalid", "DMG02", "DMG*"),
        ("a sex of no code", "DMG*D8*1980", "DMG03=X", "code-not-in-guide", "DMG03", "DMG*"),
        ("a trace used twice", "TRN*1*T-2", "TRN02=T-1", "trace-repeated", "TRN02", "TRN*1*T-1|2"),
        ("a trace without its sender", "TRN*1*T-1", "TRN*1*T-1", "element-required", "TRN03", "TRN*1"),
        ("a trace sender too short", "TRN*1*T-1", "TRN03=12345", "element-too-short", "TRN03", "TRN*1"),
        ("an answer's trace in a question", "TRN*1*T-1", "TRN01=2", "code-not-in-guide", "TRN01", "TRN*2"),
        ("a period turned round", "DTP*291", "DTP03=20260331-20260301", "date-invalid", "DTP03", "DTP*"),
        ("a date of another kind", "DTP*291", "DTP01=472", "qualifier-unexpected", "DTP01", "DTP*"),
        ("a question about nothing", "EQ*30", "EQ", "element-relation", "*", "EQ"),
        ("an answer in a question", "EQ*30", ["=", "EB*1"], "segment-unexpected", "EB", "EB*1"),
        ("a dependent's number", "NM1*03", "NM1*03*1*ROE*SAM****ZY*M1", "code-not-in-guide", "NM108", "NM1*03"),
        ("a relation of no code", "INS*N*19", "INS02=99", "code-not-in-guide", "INS02", "INS*"),
        ("an unknown reference", "REF*TJ", "REF01=QQ", "qualifier-unexpected", "REF01", "REF*"),
    ),
    "271": (
        *_HL_FAULTS[:5], *_HL_FAULTS[6:], *_PROVIDER_FAULTS[:3],
        *_PROVIDER_FAULTS[4:],
        ("nothing answered", "AAA*N**75", None, "answer-missing", "HL", "HL*4"),
        ("a level promised that does not come", "HL*4*", "HL04=1", "hl-child-code", "HL04", "HL*4"),
        ("a share in percent", "EB*A*", "EB08=20", "share-not-decimal", "EB08", "EB*A"),
        ("a copay without an amount", "EB*B*", "EB*B*IND*98", "benefit-amount-missing", "EB07", "EB*B"),
        ("an amount that is none", "EB*B*", "EB07=Y", "not-a-number", "EB07", "EB*B"),
        ("a code of benefit that is none", "EB*1*IND", "EB01=ZZ", "*", "EB01", "EB*ZZ"),
        ("a quantity without its kind", "EB*F*", "EB09=", "element-relation", "EB09", "EB*F"),
        ("an authorization code of no list", "EB*1*IND", "EB11=Q", "*", "EB11", "EB*1"),
        ("a loop closed under another name", "LE*2120", "LE*2110", "loop-identifier-differs", "LE01", "LE*"),
        ("an address after the birth", "DMG*D8*1980", ["=", "N3*1 MAIN ST"], "segment-out-of-order", "N3", "N3*", "N3*1"),
        ("a birth after the answer", "DMG*D8*1980", "DMG02=20270401", "birth-in-future", "DMG02", "DMG*D8*202"),
        ("a day that is none", "DTP*346", "DTP03=20260001", "date-invalid", "DTP03", "DTP*"),
        ("a trace sender too short", "TRN*2", "TRN03=1", "element-too-short", "TRN03", "TRN*2"),
        ("a rejection without its reason", "AAA*N**75", "AAA*N***C", "element-required", "AAA03", "AAA*"),
        ("a rejection without what to do", "AAA*N**75", "AAA*N**75", "element-required", "AAA04", "AAA*"),
        ("a rejection that is neither yes nor no", "AAA*N**75", "AAA01=X", "code-not-in-guide", "AAA01", "AAA*"),
        ("a message too long", "MSG*", "MSG01=" + "X" * 265, "element-too-long", "MSG01", "MSG*"),
        ("a question in an answer", "MSG*", ["=", "EQ*30"], "segment-unexpected", "EQ", "EQ*"),
        ("a member without a qualifier", "NM1*IL*1*DOE", "NM108=", "element-relation", "NM108", "NM1*IL"),
        ("a state of three letters", "N4*", "N402=NYC", "element-too-long", "N402", "N4*"),
    ),
    "276": (
        *_HL_FAULTS, *_PROVIDER_FAULTS,
        ("a patient without a claim", "TRN*1*T-3", None, "claim-missing", "HL", "HL*6", "DTP*472*D8*20260204"),
        ("a patient without birth", "DMG*D8*1980", None, "subscriber-demographics-missing", "HL", "HL*4"),
        ("a dependent without birth", "DMG*D8*2015", None, "subscriber-demographics-missing", "HL", "HL*6"),
        ("a claim without a date", "DTP*472*RD8", None, "service-date-missing", "TRN", "TRN*1*T-1"),
        ("a line without a date", "DTP*472*D8*20260203", None, "segment-missing", "DTP", "REF*FJ"),
        ("a trace used twice", "TRN*1*T-2", "TRN02=T-1", "trace-repeated", "TRN02", "TRN*1*T-1|2"),
        ("a trace of another kind", "TRN*1*T-1", "TRN01=2", "code-not-in-guide", "TRN01", "TRN*2"),
        ("a level promised that does not come", "HL*4*", "HL04=1", "hl-child-code", "HL04", "HL*4"),
        ("a level denied that comes", "HL*5*", "HL04=0", "hl-child-code", "HL04", "HL*5"),
        ("a period turned round", "DTP*472*RD8", "DTP03=20260204-20260203", "date-invalid", "DTP03", "DTP*"),
        ("an amount that is none", "AMT*T3", "AMT02=12,5", "not-a-number", "AMT02", "AMT*"),
        ("an amount below a cent", "AMT*T3", "AMT02=12.505", "amount-below-a-cent", "AMT02", "AMT*"),
        ("an amount of another kind", "AMT*T3", "AMT01=D", "qualifier-unexpected", "AMT01", "AMT*"),
        ("a reference of another kind", "REF*1K", "REF01=QQ", "qualifier-unexpected", "REF01", "REF*QQ"),
        ("a reference twice", "REF*EJ", ["=", "REF*EJ*X"], "segment-too-often", "REF", "REF*EJ*X"),
        ("a line without a procedure", "SVC*", "SVC01=", "element-required", "SVC01", "SVC*"),
        ("a birth after the question", "DMG*D8*2015", "DMG02=20260401", "birth-in-future", "DMG02", "DMG*D8*202"),
        ("an answer in a question", "REF*1K", ["=", "STC*F1:65*20260301"], "segment-unexpected", "STC", "STC*"),
        ("a submitter left out", "NM1*41", None, "loop-missing", "NM1", "*"),
    ),
    "277": (
        *_HL_FAULTS, *_PROVIDER_FAULTS[:3], *_PROVIDER_FAULTS[4:],
        ("a claim without a status", "STC*P1", None, "segment-missing", "STC", "DTP*472*D8*20260204"),
        ("a category that is none", "STC*F1", "STC*Z9:65*20260301", "status-category-unknown", "STC01-1", "STC*Z9"),
        ("a category beyond its list", "STC*P1", "STC*P7:20*20260301**50", "status-category-unknown", "STC01-1", "STC*P7"),
        ("a status that is none", "STC*F1", "STC*F1:QQ*20260301", "status-code-shape", "STC01-2", "STC*F1:QQ"),
        ("a status left out", "STC*F1", "STC*F1*20260301", "element-required", "STC01-2", "STC*F1"),
        ("a pending claim that was paid", "STC*P1", "STC05=50", "pending-with-payment", "STC05", "STC*P1"),
        ("a status on no day", "STC*F1", "STC02=20260231", "date-invalid", "STC02", "STC*F1"),
        ("an action that the guide lacks", "STC*F1", "STC03=U", "element-not-used", "STC03", "STC*F1"),
        ("an amount that is none", "STC*F1", "STC04=X", "not-a-number", "STC04", "STC*F1"),
        ("a question's trace in an answer", "TRN*2*T-1", "TRN01=1", "code-not-in-guide", "TRN01", "TRN*1"),
        ("a person without a claim", "TRN*2*T-1", None, "claim-missing", "HL", "HL*4", "STC*F1", "REF*1K*PCN1", "DTP*472*RD8", "SVC*", "STC*F1:65*20260301", "REF*FJ", "DTP*472*D8*20260203", "TRN*2*T-2", "STC*P1", "REF*1K*PCN2", "DTP*472*D8*20260204"),
        ("a period turned round", "DTP*472*RD8", "DTP03=20260204-20260203", "date-invalid", "DTP03", "DTP*"),
        ("a level promised that does not come", "HL*4*", "HL04=1", "hl-child-code", "HL04", "HL*4"),
        ("a reference of another kind", "REF*1K", "REF01=QQ", "qualifier-unexpected", "REF01", "REF*QQ"),
        ("a line without its charge", "SVC*", "SVC02=", "element-required", "SVC02", "SVC*"),
        ("a line without a status", "STC*F1:65*20260301|2", None, "segment-missing", "STC", "TRN*2*T-2"),
        ("a type that the guide lacks", "BHT*", "BHT06=TH", "code-not-in-guide", "BHT06", "BHT*"),
        ("a number under the wrong qualifier", "NM1*IL", "NM108=XX", "code-not-in-guide", "NM108", "NM1*IL"),
        ("a submitter left out", "NM1*41", None, "loop-missing", "NM1", "*"),
    ),
    "277CA": (
        *_HL_FAULTS,
        ("an NPI whose check digit is wrong", "NM1*85", "NM109=1234567890", "npi-check-digit", "NM109", "NM1*85"),
        ("a payer left out", "NM1*PR", None, "loop-missing", "NM1", "*"),
        ("a submitter left out", "NM1*41", None, "loop-missing", "NM1", "*"),
        ("a provider left out", "NM1*85", None, "loop-missing", "NM1", "*"),
        ("a patient left out", "NM1*QC*1*DOE", None, "loop-missing", "NM1", "*"),
        ("a level promised that does not come", "HL*4*", ["="], "hl-child-code", "HL04", "HL*3", "*from HL*4"),
        ("a child code of a patient", "HL*4*", "HL04=0", "element-not-used", "HL04", "HL*4"),
        ("a patient under another provider", "HL*5*", "HL02=2", "hl-parent", "HL02", "HL*5"),
        ("a claim without a status", "STC*A2", None, "segment-missing", "STC", "DTP*472*D8"),
        ("a status of adjudication", "STC*A2", "STC*F1:65*20260302*WQ*125", "status-category-unexpected", "STC01-1", "STC*F1"),
        ("a category that is none", "STC*A7", "STC*Q1:562*20260302*U*200", "status-category-unknown", "STC01-1", "STC*Q1"),
        ("a status that is none", "STC*A7", "STC*A7:QQQ*20260302*U*200", "status-code-shape", "STC01-2", "STC*A7"),
        ("an action of no code", "STC*A2", "STC03=A", "code-not-in-guide", "STC03", "STC*A2"),
        ("accepted and refused at once", "STC*A7:562", "STC03=WQ", "status-contradicts-action", "STC03", "STC*A7"),
        ("a rejection that says accepted", "STC*A2", "STC03=U", "status-contradicts-action", "STC03", "STC*A2"),
        ("a count of the provider that differs", "QTY*QA", "QTY02=2", "acknowledged-count-differs", "QTY02", "QTY*QA"),
        ("a count of the file that differs", "QTY*90", "QTY02=2", "acknowledged-count-differs", "QTY02", "QTY*90"),
        ("a sum of the provider that differs", "AMT*YY*200|2", "AMT02=201", "acknowledged-amount-differs", "AMT02", "AMT*YY*201"),
        ("a sum of the file that differs", "AMT*YU", "AMT02=124", "acknowledged-amount-differs", "AMT02", "AMT*YU"),
        ("a claim without its number", "TRN*2*C-1001", "TRN*2", "element-required", "TRN02", "TRN*2|2"),
        ("a trace of another kind", "TRN*2*C-1001", "TRN01=1", "code-not-in-guide", "TRN01", "TRN*1*C"),
        ("the day of receipt left out", "DTP*050", None, "segment-missing", "DTP", "DTP*009"),
        ("a day that is none", "DTP*472*D8", "DTP03=20260230", "date-invalid", "DTP03", "DTP*472"),
        ("a period turned round", "DTP*472*RD8", "DTP03=20260204-20260203", "date-invalid", "DTP03", "DTP*472*RD8"),
        ("a date of another kind", "DTP*472*D8", "DTP01=232", "qualifier-unexpected", "DTP01", "DTP*232"),
        ("a type of another guide", "BHT*", "BHT06=DG", "code-not-in-guide", "BHT06", "BHT*"),
        ("an amount that is none", "STC*A2", "STC04=1E2", "not-a-number", "STC04", "STC*A2"),
        ("a line without a status", "STC*A7:454", None, "segment-missing", "STC", "REF*FJ"),
        ("a middle name where none is", "NM1*41", "NM107=MD", "element-not-used", "NM107", "NM1*41"),
    ),
    "999": (
        ("AK1 left out", "AK1*", None, "segment-missing", "AK1", "*"),
        ("AK9 left out", "AK9*", None, "segment-missing", "AK9", "*"),
        ("the version left out", "AK1*", "AK1*HC*7", "element-required", "AK103", "AK1*"),
        ("a group number too long", "AK1*", "AK102=1234567890", "element-too-long", "AK102", "AK1*"),
        ("a group number that is none", "AK1*", "AK102=7A", "not-a-number", "AK102", "AK1*"),
        ("a transaction of another group", "AK2*837*0001", "AK201=835", "acknowledged-group-differs", "AK201", "AK2*835"),
        ("a transaction number too short", "AK2*837*0001", "AK202=1", "element-too-short", "AK202", "AK2*837*1*"),
        ("a status of no code", "IK5*A", "IK501=Z", "code-not-in-guide", "IK501", "IK5*Z"),
        ("accepted although it has errors", "IK5*R*5", "IK5*A", "acknowledgment-contradicts", "IK501", "IK5*A|2"),
        ("accepted with a reason", "IK5*A", "IK5*A*5", "acknowledgment-contradicts", "IK501", "IK5*A*5"),
        ("rejected without a reason", "IK5*A", "IK5*R", "rejection-without-reason", "IK501", "IK5*R"),
        ("a segment error of no code", "IK3*HI", "IK304=99", "code-not-in-guide", "IK304", "IK3*HI"),
        ("a position that is none", "IK3*HI", "IK302=X", "not-a-number", "IK302", "IK3*HI"),
        ("elements in error that are not named", "IK4*2*127", None, "element-errors-missing", "IK304", "IK3*REF"),
        ("an element error of no code", "IK4*2*127", "IK403=99", "code-not-in-guide", "IK403", "IK4*2"),
        ("an element error left out", "IK4*2*127", "IK4*2*127", "element-required", "IK403", "IK4*2"),
        ("an element without its place", "IK4*2*127", "IK401=", "element-required", "IK401", "IK4**"),
        ("IK5 left out", "IK5*A", None, "segment-missing", "IK5", "AK2*837*0002"),
        ("AK2 left out", "AK2*837*0002", None, "segment-unexpected|segment-missing|segment-out-of-order", "*", "IK3*NM1"),
        ("more accepted than received", "AK9*", "AK904=4", "acknowledged-sets-differ", "AK904", "AK9*"),
        ("a count that differs from what is named", "AK9*", "AK904=1", "acknowledged-sets-differ", "AK904", "AK9*"),
        ("rejected with sets accepted", "AK9*", "AK901=R", "acknowledgment-contradicts", "AK901", "AK9*R"),
        ("accepted without all its sets", "AK9*", "AK901=A", "acknowledgment-contradicts", "AK901", "AK9*A"),
        ("partly accepted with all accepted", "AK9*", "AK904=3", "acknowledgment-contradicts", "AK901", "AK9*P"),
        ("a count that is none", "AK9*", "AK903=X", "not-a-number", "AK903", "AK9*"),
        ("a count left out", "AK9*", "AK902=", "element-required", "AK902", "AK9*"),
        ("a status of the group of no code", "AK9*", "AK901=Q", "code-not-in-guide", "AK901", "AK9*Q"),
        ("the segment of a 997", "IK5*A", "AK5*A", "segment-unexpected|segment-unknown", "AK5", "AK5*A"),
        ("a context of nothing", "CTX*", "CTX", "element-required", "CTX01", "CTX"),
    ),
    "275": (
        ("a length of data that is wrong", "BIN*", "BIN01=12", "binary-length-differs", "BIN01", "BIN*12"),
        ("data that holds the terminator beyond its length", "BIN*", "BIN02=HELLO~WORLD!", "binary-length-differs", "BIN01", "BIN*11*HELLO"),
        ("a purpose of no code", "BGN*", "BGN01=99", "code-not-in-guide", "BGN01", "BGN*"),
        ("a patient left out", "NM1*QC", None, "segment-missing", "NM1", "*"),
        ("an NPI whose check digit is wrong", "NM1*1P", "NM109=1234567890", "npi-check-digit", "NM109", "NM1*1P"),
        ("a document without its format", "EFI*05", None, "segment-missing", "EFI", "*"),
        ("BGN left out", "BGN*", None, "segment-missing", "BGN", "*"),
        ("BGN02 left out", "BGN*", "BGN02=", "element-required", "BGN02", "BGN*"),
        ("BGN03 is no day", "BGN*", "BGN03=20260229", "date-invalid", "BGN03", "BGN*"),
        ("BGN04 is no time", "BGN*", "BGN04=2560", "time-invalid", "BGN04", "BGN*"),
        ("a payer left out", "NM1*PR", None, "loop-missing", "NM1", "*"),
        ("a submitter left out", "NM1*41", None, "loop-missing", "NM1", "*"),
        ("a document of no kind", "CAT*AE*TX", ["CAT"], "element-relation", "*", "CAT"),
        ("a length that is no number", "BIN*11", "BIN01=1X", "not-a-number", "BIN01", "BIN*1X"),
        ("a day that is none", "DTP*368", "DTP03=20261301", "date-invalid", "DTP03", "DTP*368"),
        ("a postal code too long", "N4*", "N403=1220712345678901", "element-too-long", "N403", "N4*"),
        ("a segment that X12 lacks, before it", "LX*2", ["QQQ*1", "="], "segment-unknown", "QQQ", "QQQ"),
        ("a segment of another set", "LX*2", ["CLM*1", "="], "segment-unexpected", "CLM", "CLM*1"),
    ),
    "277RFAI": (
        *_HL_FAULTS,
        ("a claim without what is wanted", "STC*R4:18842-5::LOI*20260302**80", None, "segment-missing", "STC", "*"),
        ("an answer in a request", "STC*R4:11506", "STC*F1:65*20260302", "status-category-unexpected", "STC01-1", "STC*F1"),
        ("a control number left out", "TRN*1*ACN-2", "TRN*1", "element-required", "TRN02", "TRN*1|2"),
        ("a day that is none", "DTP*106", "DTP03=20260431", "date-invalid", "DTP03", "DTP*106"),
        ("no head", "BHT*", None, "segment-missing", "BHT", "*"),
        ("an answer due on no day", "DTP*106", "DTP03=20260431", "date-invalid", "DTP03", "DTP*106"),
        ("a charge that is none", "SVC*HC", "SVC02=12X", "not-a-number", "SVC02", "SVC*"),
        ("a segment that X12 lacks, before it", "SVC*HC", ["QQQ*1", "="], "segment-unknown", "QQQ", "QQQ"),
        ("a segment of another set", "SVC*HC", ["CLM*1", "="], "segment-unexpected", "CLM", "CLM*1"),
    ),
    "278": (
        *_HL_FAULTS[:4],
        ("an answer that decides nothing", "HCR*", None, "decision-missing", "HL", "HL*4", "HCR*A1*AUTH1"),
        ("a request that decides", "BHT*", "BHT02=13", "decision-in-request", "HCR", "HCR*"),
        ("an NPI whose check digit is wrong", "NM1*SJ", "NM109=1992999998", "npi-check-digit", "NM109", "NM1*SJ"),
        ("a service that denies a level", "HL*4*", "HL04=0", "hl-child-code", "HL04", "HL*4"),
        ("a review without its kind", "UM*", None, "segment-missing", "UM", "*"),
        ("a reviewer left out", "NM1*X3", None, "loop-missing", "NM1", "*"),
        ("no head", "BHT*", None, "segment-missing", "BHT", "*"),
        ("a birth on no day", "DMG*D8", "DMG02=19800431", "date-invalid", "DMG02", "DMG*"),
        ("a period turned round", "DTP*AAH", "DTP03=20260331-20260301", "date-invalid", "DTP03", "DTP*AAH"),
        ("a charge that is none", "SV1*", "SV102=1X", "not-a-number", "SV102", "SV1*"),
        ("a unit too long", "SV1*", "SV103=QQQ", "element-too-long", "SV103", "SV1*"),
        ("a segment that X12 lacks, before it", "HI*ABK", ["QQQ*1", "="], "segment-unknown", "QQQ", "QQQ"),
        ("a segment of another set", "HI*ABK", ["CLM*1", "="], "segment-unexpected", "CLM", "CLM*1"),
    ),
    "834": (
        ("a subscriber who is a child", "INS*Y", "INS02=19", "member-contradicts", "INS02", "INS*Y"),
        ("a dependent who is the subscriber", "INS*N", "INS02=18", "member-contradicts", "INS02", "INS*N"),
        ("a total that differs", "QTY*TO", "QTY02=3", "member-count-differs", "QTY02", "QTY*TO"),
        ("employees that differ", "QTY*ET", "QTY02=2", "member-count-differs", "QTY02", "QTY*ET"),
        ("dependents that differ", "QTY*DT", "QTY02=0", "member-count-differs", "QTY02", "QTY*DT"),
        ("a birth after the file", "DMG*D8*2015", "DMG02=20270203", "birth-in-future", "DMG02", "DMG*D8*202"),
        ("a member without a subscriber number", "REF*0F", None, "segment-missing", "REF", "*"),
        ("BGN left out", "BGN*", None, "segment-missing", "BGN", "*"),
        ("BGN02 left out", "BGN*", "BGN02=", "element-required", "BGN02", "BGN*"),
        ("BGN03 is no day", "BGN*", "BGN03=20260229", "date-invalid", "BGN03", "BGN*"),
        ("BGN04 is no time", "BGN*", "BGN04=2560", "time-invalid", "BGN04", "BGN*"),
        ("BGN08 of no code", "BGN*", "BGN08=9", "code-not-in-guide", "BGN08", "BGN*"),
        ("a sponsor left out", "N1*P5", None, "loop-missing", "N1", "*"),
        ("a payer left out", "N1*IN", None, "loop-missing", "N1", "*"),
        ("a relation left out", "INS*Y", "INS02=", "element-required", "INS02", "INS*Y"),
        ("a relation too long", "INS*Y", "INS02=188", "element-too-long", "INS02", "INS*Y"),
        ("a birth on no day", "DMG*D8*1980", "DMG02=19800431", "date-invalid", "DMG02", "DMG*"),
        ("a coverage of no kind", "HD*021**HLT", "HD03=", "element-required", "HD03", "HD*"),
        ("a coverage from no day", "DTP*348", "DTP03=2026030", "date-invalid", "DTP03", "DTP*348"),
        ("a number too long", "REF*0F*S1", "REF02=" + "X" * 51, "element-too-long", "REF02", "REF*0F"),
        ("a total that is no number", "QTY*TO", "QTY02=X", "not-a-number", "QTY02", "QTY*TO"),
        ("a segment that X12 lacks, before it", "HD*021", ["QQQ*1", "="], "segment-unknown", "QQQ", "QQQ"),
        ("a segment of another set", "HD*021", ["CLM*1", "="], "segment-unexpected", "CLM", "CLM*1"),
    ),
    "820": (
        ("a payment that differs from what it pays", "RMR*AZ*G1**150", "RMR04=149", "premium-out-of-balance", "BPR02", "BPR*"),
        ("a payment of other than it says", "BPR*", "BPR02=351", "premium-out-of-balance", "BPR02", "BPR*"),
        ("a payer left out", "N1*PR", None, "loop-missing", "N1", "*"),
        ("no payment", "BPR*", None, "segment-missing", "BPR", "*"),
        ("a payment that is no amount", "BPR*", "BPR02=3X", "not-a-number", "BPR02", "BPR*"),
        ("a payment on no day", "BPR*", "BPR16=20260231", "date-invalid", "BPR16", "BPR*"),
        ("a payee left out", "N1*PE", None, "loop-missing", "N1", "*"),
        ("a trace of no code", "TRN*1", "TRN01=9", "code-not-in-guide", "TRN01", "TRN*9"),
        ("a remittee of no number", "ENT*2", "ENT01=X", "not-a-number", "ENT01", "ENT*X"),
        ("a name too long", "NM1*EY*1*DOE", "NM103=" + "X" * 61, "element-too-long", "NM103", "NM1*EY"),
        ("an item of no amount", "RMR*AZ*G1**200", "RMR04=2X", "not-a-number", "RMR04", "RMR*"),
        ("an item below a cent", "RMR*AZ*G1**200", "RMR04=200.005", "amount-below-a-cent", "RMR04", "RMR*"),
        ("an adjustment of no amount", "ADX*", "ADX01=X", "not-a-number", "ADX01", "ADX*"),
        ("an adjustment without a reason", "ADX*", "ADX02=", "element-required", "ADX02", "ADX*"),
        ("a period of no days", "DTM*582", "DTM06=20260301-2026033", "date-invalid", "DTM06", "DTM*582"),
        ("a segment that X12 lacks, before it", "RMR*AZ*G1**150", ["QQQ*1", "="], "segment-unknown", "QQQ", "QQQ"),
        ("a segment of another set", "RMR*AZ*G1**150", ["CLM*1", "="], "segment-unexpected", "CLM", "CLM*1"),
    ),
}  # fmt: skip


def whole(family, body=None):
    """Write the file of a family, its body as it is or changed."""
    st, gs, valid = FAMILIES[family]
    segments = [st, *(valid if body is None else body)]
    return [ISA, gs, *segments, f"SE*{len(segments) + 1}*0001", "GE*1*7", "IEA*1*000000042"]


def seeded(family, at, becomes, *also_dropped):
    """Put a fault into the family's file; give its segments.

    `at` begins the segment, `|2` after it means the second of them. `becomes` is the new segment,
    None, a list (`=` stands for the segment itself), or `NM109=value` to change one element.
    """
    segments = whole(family)
    start, _, turn = at.partition("|")
    places = [place for place, one in enumerate(segments) if one.startswith(start)]
    place = places[int(turn or 1) - 1]
    old = segments[place]
    if becomes is None:
        made = []
    elif isinstance(becomes, list):
        made = [old if one == "=" else one for one in becomes]
    elif becomes.startswith("=*"):
        made = ["*".join([*old.split("*")[:-1], becomes[2:]])]
    elif "=" in becomes[:6]:
        where, _, value = becomes.partition("=")
        elements = old.split("*")
        position = int(where[-2:])
        elements += [""] * (position + 1 - len(elements))
        elements[position] = value
        made = ["*".join(elements)]
    elif becomes == "GS*XX":
        made = ["GS*XX*" + old.split("*", 2)[2]]
    else:
        made = [becomes]
    segments[place : place + 1] = made
    for drop in also_dropped:
        if drop.startswith("*from "):
            first = next(at for at, one in enumerate(segments) if one.startswith(drop[6:]))
            last = next(at for at, one in enumerate(segments) if one.startswith("SE*"))
            del segments[first:last]
        else:
            del segments[next(at for at, one in enumerate(segments) if one.startswith(drop))]
    return segments


def counted(segments):
    """Count SE01 again, so that the fault stands alone."""
    first = next(at for at, one in enumerate(segments) if one.startswith("ST*"))
    return [
        f"SE*{at - first + 1}*0001" if one.startswith("SE*") else one
        for at, one in enumerate(segments)
    ]


def written(segments):
    """Write segments as a file."""
    return "".join(one + "~" for one in segments).encode()
