"""Faults to seed into valid 837D files, with the rule and place under which each is found."""

# ruff: noqa: E501 - a row of the table below is one line, so that it reads as a table

from x12_837_cases import braces, dental_visit
from x12_837_faults import CLAIM, Seeded, cut, replace, text

DENTAL_FAULTS = (
    # Envelopes and levels.
    Seeded("se-count", dental_visit, lambda d: d.replace(b"SE*31", b"SE*30"), "se01-count", "SE01"),
    Seeded("se-number", dental_visit, text("*0001~GE", "*0002~GE"), "se02-mismatch", "SE02"),
    Seeded("ge-count", dental_visit, text("GE*1*1", "GE*2*1"), "ge01-count", "GE01"),
    Seeded("ge-number", dental_visit, text("GE*1*1", "GE*1*7"), "ge02-mismatch", "GE02"),
    Seeded("iea-count", dental_visit, text("IEA*1*", "IEA*3*"), "iea01-count", "IEA01"),
    Seeded("iea-number", dental_visit, text("IEA*1*000000001", "IEA*1*000000002"), "iea02-mismatch", "IEA02"),
    Seeded("no-iea", dental_visit, cut("IEA"), "missing-iea", "ISA"),
    Seeded("no-ge", dental_visit, cut("GE"), "missing-ge", "GS", companions=frozenset({"missing-iea"})),
    Seeded("gs01", dental_visit, text("GS*HC", "GS*HP"), "gs01-mismatch", "ST"),
    Seeded("hl-number", dental_visit, text("HL*2*1*22", "HL*9*1*22"), "hl-number", "HL01", companions=frozenset({"hl-parent"})),
    Seeded("hl-parent", dental_visit, text("HL*2*1*22", "HL*2*2*22"), "hl-parent", "HL02"),
    Seeded("hl-child", dental_visit, text("HL*2*1*22*0", "HL*2*1*22*1"), "hl-child-code", "HL04"),
    # Parties.
    Seeded("billing-npi", dental_visit, text("1000000012", "1000000013"), "npi-invalid", "NM109", "2010AA"),
    Seeded("rendering-npi", dental_visit, text("1793432703", "1793432704"), "npi-invalid", "NM109", "2310B"),
    Seeded("billing-zip", dental_visit, text("122070001", "12207"), "postal-code-not-nine", "N403", "2010AA"),
    Seeded("taxonomy", dental_visit, text("PRV*BI*PXC*1223G0001X", "PRV*BI*PXC*1223G0001"), "taxonomy-shape", "PRV03", "2000A"),
    Seeded("no-birth", dental_visit, replace("DMG", ""), "subscriber-demographics-missing", "NM1", "2010BA"),
    Seeded("no-address", dental_visit, replace("N3*623", ""), "subscriber-address-missing", "NM1", "2010BA"),
    Seeded("future-birth", dental_visit, text("19991216", "20991216"), "birth-in-future", "DMG02", "2010BA", companions=frozenset({"birth-after-service"})),
    Seeded("no-payer", dental_visit, replace("NM1*PR", ""), "loop-missing", "NM1", "2000B"),
    # The claim.
    Seeded("sum", dental_visit, text("CLM*D-4*1397.43", "CLM*D-4*1397.44"), "claim-sum", "CLM02", CLAIM),
    Seeded("no-charge", dental_visit, text("CLM*D-4*1397.43", "CLM*D-4*"), "element-required", "CLM02", CLAIM, companions=frozenset({"unreadable"})),
    Seeded("frequency", dental_visit, text("11:B:1", "11:B:3"), "frequency-invalid", "CLM05-3", CLAIM),
    Seeded("replacement", dental_visit, text("11:B:1", "11:B:7"), "frequency-needs-payer-number", "CLM05-3", CLAIM),
    Seeded("place", dental_visit, text("11:B:1", "00:B:1"), "place-of-service-unknown", "CLM05-1", CLAIM),
    Seeded("no-date", dental_visit, replace("DTP*472", ""), "line-date-missing", "SV3", "2400[1]"),
    Seeded("claim-future", braces, replace("DTP*472", "DTP*472*D8*20990101"), "date-in-future", "DTP03", CLAIM),
    Seeded("appliance-future", braces, replace("DTP*452", "DTP*452*D8*20990101"), "date-in-future", "DTP03", CLAIM),
    Seeded("bad-date", dental_visit, text("DTP*472*D8*20260304", "DTP*472*D8*20260230"), "date-invalid", "DTP03", CLAIM, companions=frozenset({"unreadable"})),
    Seeded("diagnosis", braces, text("ABK:K0381", "ABK:K03.81"), "diagnosis-shape", "HI01-2", CLAIM),
    Seeded("appliance-status", braces, text("DN2*1*M", "DN2*1*Q"), "code-not-in-guide", "DN202", CLAIM),
    Seeded("months", braces, text("DN1*36", "DN1*3X"), "not-a-number", "DN101", CLAIM, companions=frozenset({"unreadable"})),
    # The lines.
    Seeded("line-number", dental_visit, text("LX*2", "LX*4"), "line-number", "LX01", "2400[2]"),
    Seeded("line-control", dental_visit, text("REF*6R*L2", "REF*6R*L1"), "line-control-number-repeated", "REF02", "2400[2]"),
    Seeded("procedure", dental_visit, text("SV3*AD:D3320*747.06", "SV3*AD:D33*747.06"), "procedure-shape", "SV301-2", "2400[1]"),
    Seeded("qualifier", dental_visit, text("SV3*AD:D3320*747.06", "SV3*HC:D3320*747.06"), "code-not-in-guide", "SV301-1", "2400[1]"),
    Seeded("tooth", dental_visit, text("TOO*JP*5*", "TOO*JP*99*"), "tooth-code", "TOO02", "2400[1]"),
    Seeded("surface", dental_visit, text("5*M:O", "5*M:Q"), "code-not-in-guide", "TOO03-2", "2400[1]"),
    Seeded("quantity", dental_visit, text("747.06****1", "747.06****0"), "quantity-not-positive", "SV306", "2400[1]"),
    Seeded("pointer", braces, text("*I*1*****1", "*I*1*****2"), "diagnosis-pointer-range", "SV311-1", "2400[1]"),
    Seeded("cents", dental_visit, text("SV3*AD:D3320*747.06", "SV3*AD:D3320*747.061"), "amount-below-a-cent", "SV302", "2400[1]", companions=frozenset({"unreadable"})),
)  # fmt: skip
