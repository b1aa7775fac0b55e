"""Place of service codes (CMS), each with its first date and our own short label.

Codes that existed when the list was put on its present footing begin 2003-01-01 here: earlier
dates of service are outside what this product bills.
"""

import datetime as dt

_OLD = dt.date(2003, 1, 1)

PLACES_OF_SERVICE: dict[str, tuple[dt.date, str]] = {
    "01": (dt.date(2005, 10, 1), "Pharmacy"),
    "02": (dt.date(2017, 1, 1), "Telehealth, patient not at home"),
    "03": (_OLD, "School"),
    "04": (_OLD, "Homeless shelter"),
    "05": (_OLD, "Indian Health Service, free-standing"),
    "06": (_OLD, "Indian Health Service, provider-based"),
    "07": (_OLD, "Tribal 638, free-standing"),
    "08": (_OLD, "Tribal 638, provider-based"),
    "09": (dt.date(2006, 7, 1), "Prison or correctional facility"),
    "10": (dt.date(2022, 1, 1), "Telehealth, patient at home"),
    "11": (_OLD, "Office"),
    "12": (_OLD, "Home"),
    "13": (dt.date(2003, 10, 1), "Assisted living facility"),
    "14": (dt.date(2003, 10, 1), "Group home"),
    "15": (_OLD, "Mobile unit"),
    "16": (dt.date(2008, 4, 1), "Temporary lodging"),
    "17": (dt.date(2010, 5, 1), "Walk-in retail clinic"),
    "18": (dt.date(2013, 5, 1), "Place of employment"),
    "19": (dt.date(2016, 1, 1), "Outpatient hospital, off campus"),
    "20": (_OLD, "Urgent care facility"),
    "21": (_OLD, "Inpatient hospital"),
    "22": (_OLD, "Outpatient hospital, on campus"),
    "23": (_OLD, "Emergency department"),
    "24": (_OLD, "Ambulatory surgical center"),
    "25": (_OLD, "Birthing center"),
    "26": (_OLD, "Military treatment facility"),
    "27": (dt.date(2023, 10, 1), "Outreach site or street"),
    "31": (_OLD, "Skilled nursing facility"),
    "32": (_OLD, "Nursing facility"),
    "33": (_OLD, "Custodial care facility"),
    "34": (_OLD, "Hospice"),
    "41": (_OLD, "Ambulance, land"),
    "42": (_OLD, "Ambulance, air or water"),
    "49": (dt.date(2003, 10, 1), "Independent clinic"),
    "50": (_OLD, "Federally qualified health center"),
    "51": (_OLD, "Inpatient psychiatric facility"),
    "52": (_OLD, "Psychiatric facility, partial hospitalization"),
    "53": (_OLD, "Community mental health center"),
    "54": (_OLD, "Intermediate care facility, intellectual disability"),
    "55": (_OLD, "Residential substance abuse treatment"),
    "56": (_OLD, "Psychiatric residential treatment center"),
    "57": (dt.date(2003, 10, 1), "Non-residential substance abuse treatment"),
    "58": (dt.date(2020, 1, 1), "Non-residential opioid treatment"),
    "60": (_OLD, "Mass immunization center"),
    "61": (_OLD, "Comprehensive inpatient rehabilitation facility"),
    "62": (_OLD, "Comprehensive outpatient rehabilitation facility"),
    "65": (_OLD, "End-stage renal disease treatment facility"),
    "66": (dt.date(2024, 8, 1), "PACE center"),
    "71": (_OLD, "State or local public health clinic"),
    "72": (_OLD, "Rural health clinic"),
    "81": (_OLD, "Independent laboratory"),
    "99": (_OLD, "Other place of service"),
}

FACILITY_PLACES = frozenset(
    ("02", "19", "21", "22", "23", "24", "26", "31", "34", "41", "42", "51", "52", "53", "56", "61")
)
"""Where Medicare pays the physician the facility rate."""
