"""Faults of an 835, one change each, with what must be said of it and where."""

from x12_cases import BODY_835

BPR, TRN, CLP, SVC = BODY_835[0], BODY_835[1], BODY_835[13], BODY_835[20]
REVERSAL = "CLP*C-1003*22*-80*-60**12*PCN3*11*1"
#: name: (segment, what it becomes, rules expected with the segment and element blamed)
FAULTS = {
    "a line out of balance": (
        SVC, SVC.replace("*100*", "*99*"), [("line-out-of-balance", "SVC03", "SVC*HC:99213")]),
    "a claim out of balance": (
        CLP, CLP.replace("*100*5", "*101*5"),
        [("claim-out-of-balance", "CLP04", "CLP*C-1001"),
         ("payment-out-of-balance", "BPR02", "BPR")],
    ),
    "a claim out of balance by a cent": (
        CLP, CLP.replace("*125*", "*125.01*"),
        [("claim-out-of-balance", "CLP04", "CLP*C-1001"),
         ("lines-differ-from-claim", "CLP03", "CLP*C-1001")],
    ),
    "a payment out of balance": (
        BPR, BPR.replace("*195*", "*195.01*"), [("payment-out-of-balance", "BPR02", "BPR")]),
    "a PLB left out": (
        BODY_835[46], None, [("payment-out-of-balance", "BPR02", "BPR")]),
    "a PLB with its sign turned": (
        BODY_835[46], BODY_835[46].replace("-95", "95"),
        [("payment-out-of-balance", "BPR02", "BPR")]),
    "a claim-level adjustment that is also in its line": (
        CLP, [CLP, "CAS*CO*45*20"], [("claim-out-of-balance", "CLP04", "CLP*C-1001")]),
    "a negative payment": (
        BPR, BPR.replace("*195*", "*-195*"),
        [("payment-negative", "BPR02", "BPR"), ("payment-out-of-balance", "BPR02", "BPR")]),
    "money under the method NON": (
        BPR, BPR.replace("*ACH*", "*NON*"), [("non-payment-with-money", "BPR04", "BPR")]),
    "an ACH payment without an account": (
        BPR, "BPR*I*195*C*ACH*CCP" + "*" * 11 + "20260304",
        [("payment-account-missing", "BPR04", "BPR")]),
    "a reversal with positive amounts": (
        REVERSAL, REVERSAL.replace("-80*-60", "80*60"),
        [("reversal-not-negative", "CLP03", "CLP*C-1003"),
         ("claim-out-of-balance", "CLP04", "CLP*C-1003"),
         ("lines-differ-from-claim", "CLP03", "CLP*C-1003"),
         ("payment-out-of-balance", "BPR02", "BPR")]),
    "a patient responsibility that is not the sum of PR": (
        CLP, CLP.replace("*5*12", "*6*12"),
        [("patient-responsibility-differs", "CLP05", "CLP*C-1001")]),
    "an unknown reason code": (
        "CAS*CO*45*20", "CAS*CO*999*20", [("reason-code-unknown", "CAS02", "CAS*CO*999")]),
    "a reason code that is none": (
        "CAS*CO*45*20", "CAS*CO*ABCD*20", [("reason-code-unknown", "CAS02", "CAS*CO*ABCD")]),
    "an unknown remark code": (
        "LQ*HE*N130", "LQ*HE*N999", [("remark-code-unknown", "LQ02", "LQ*HE*N999")]),
    "a reason that demands a remark and has none": (
        "LQ*HE*N290", None, [("remark-missing", "SVC", "SVC*HC:71046")]),
    "an unknown group code": (
        "CAS*CO*45*20", "CAS*XX*45*20", [("code-not-in-guide", "CAS01", "CAS*XX")]),
    "an unknown claim status": (
        CLP, CLP.replace("*1*125", "*99*125"), [("code-not-in-guide", "CLP02", "CLP*C-1001")]),
    "an unknown provider-level reason": (
        BODY_835[45], BODY_835[45].replace("WO", "QQ"),
        [("provider-adjustment-reason-unknown", "PLB03", "PLB")]),
    "an NPI with a wrong check digit": (
        BODY_835[10], BODY_835[10].replace("7893", "7894"), [("npi-invalid", "N104", "N1*PE")]),
    "a rendering NPI with a wrong check digit": (
        BODY_835[15], BODY_835[15].replace("999999", "999998"),
        [("npi-invalid", "NM109", "NM1*82")]),
    "the same line number twice": (
        "LQ*HE*N130", ["LQ*HE*N130", "SVC*HC:99000*0*0", "DTM*472*20260203", "REF*6R*L1"],
        [("line-number-repeated", "REF02", "REF*6R*L1")]),
    "a line without a date": (
        BODY_835[38], None, [("paid-service-without-date", "SVC", "SVC*HC:99212*-80")]),
    "an adjustment of nothing": (
        "CAS*CO*45*20", "CAS*CO*45*20**3*0", [("adjustment-of-nothing", "SVC", "SVC*HC:99213")]),
    "a forward balance without its origin": (
        BODY_835[46], BODY_835[46].replace("FB:EFT-4", "FB"),
        [("forward-balance-reference", "PLB03", "PLB")]),
    "a trace from another payer": (
        TRN, TRN.replace("1999999999", "1888888888"), [("payer-number-differs", "BPR10", "BPR")]),
    "a missing trace": (
        TRN, None, [("segment-missing", "TRN", "REF*TJ"), ("unreadable", "ST", "ST")]),
    "a missing patient": (
        BODY_835[14], None, [("segment-missing", "NM1", "LQ*HE*N130")]),
    "a missing payer": (
        BODY_835[4], None, [("segment-missing", "N1", "N3*1")]),
    "a missing technical contact": (
        BODY_835[9], None, [("segment-missing", "PER", "N1*PE")]),
    "a missing LX": ("LX*1", None, [("segment-missing", "LX", "CLP*C-1001")]),
    "segments out of order": (
        SVC, ["LQ*HE*N130", SVC], [("segment-unexpected", "LQ", "LQ*HE*N130")]),
    "two production dates": (
        "DTM*405*20260302", ["DTM*405*20260302"] * 2, [("segment-too-often", "DTM", "DTM*405")]),
    "a claim number too long": (
        CLP, CLP.replace("C-1001", "C" * 39), [("element-too-long", "CLP01", "CLP*CCC")]),
    "a day that is none": (
        BODY_835[17], "DTM*232*20260229", [("date-invalid", "DTM02", "DTM*232"),
                                           ("unreadable", "DTM", "DTM*232")]),
    "an amount with letters": (
        "AMT*AU*105", "AMT*AU*1O5", [("not-a-number", "AMT02", "AMT*AU"),
                                     ("unreadable", "AMT", "AMT*AU")]),
    "an amount with thousandths": (
        "AMT*AU*105", "AMT*AU*105.001", [("amount-below-a-cent", "AMT02", "AMT*AU"),
                                         ("unreadable", "AMT", "AMT*AU")]),
    "a qualifier of another guide": (
        "REF*EA*MRN1", "REF*D9*MRN1", [("qualifier-unexpected", "REF01", "REF*D9")]),
    "an amount without its reason": (
        "CAS*CO*45*20", "CAS*CO*45*20***5",
        [("element-relation", "CAS05", "CAS*CO"), ("unreadable", "CAS", "CAS*CO")]),
    "another component separator than ISA16 says": (
        SVC, SVC.replace(":", ">"), [("element-too-long", "SVC01-1", "SVC*HC>"),
                                     ("element-required", "SVC01-2", "SVC*HC>"),
                                     ("unreadable", "SVC", "SVC*HC>")]),
}  # fmt: skip
