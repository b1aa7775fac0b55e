"""Words for the axes of ICD-10-PCS, for codes whose title no loaded file gives.

Only axes whose meaning does not depend on the table: section, and in section 0 the body system,
operation and approach. Public domain (CMS). The operator's PCS order file gives the full title.
"""

AXES = "axes"
"""Title source of a title composed here; such titles are not searched."""

_SECTIONS = {
    "0": "Medical and Surgical", "1": "Obstetrics", "2": "Placement", "3": "Administration",
    "4": "Measurement and Monitoring", "5": "Extracorporeal or Systemic Assistance",
    "6": "Extracorporeal or Systemic Therapies", "7": "Osteopathic",
    "8": "Other Procedures", "9": "Chiropractic", "B": "Imaging", "C": "Nuclear Medicine",
    "D": "Radiation Therapy", "F": "Physical Rehabilitation and Diagnostic Audiology",
    "G": "Mental Health", "H": "Substance Abuse Treatment", "X": "New Technology",
}  # fmt: skip
_BODY_SYSTEMS = {
    "0": "Central Nervous System and Cranial Nerves", "1": "Peripheral Nervous System",
    "2": "Heart and Great Vessels", "3": "Upper Arteries", "4": "Lower Arteries",
    "5": "Upper Veins", "6": "Lower Veins", "7": "Lymphatic and Hemic Systems", "8": "Eye",
    "9": "Ear, Nose, Sinus", "B": "Respiratory System", "C": "Mouth and Throat",
    "D": "Gastrointestinal System", "F": "Hepatobiliary System and Pancreas",
    "G": "Endocrine System", "H": "Skin and Breast", "J": "Subcutaneous Tissue and Fascia",
    "K": "Muscles", "L": "Tendons", "M": "Bursae and Ligaments", "N": "Head and Facial Bones",
    "P": "Upper Bones", "Q": "Lower Bones", "R": "Upper Joints", "S": "Lower Joints",
    "T": "Urinary System", "U": "Female Reproductive System", "V": "Male Reproductive System",
    "W": "Anatomical Regions, General", "X": "Anatomical Regions, Upper Extremities",
    "Y": "Anatomical Regions, Lower Extremities",
}  # fmt: skip
_OPERATIONS = {
    "0": "Alteration", "1": "Bypass", "2": "Change", "3": "Control", "4": "Creation",
    "5": "Destruction", "6": "Detachment", "7": "Dilation", "8": "Division", "9": "Drainage",
    "B": "Excision", "C": "Extirpation", "D": "Extraction", "F": "Fragmentation", "G": "Fusion",
    "H": "Insertion", "J": "Inspection", "K": "Map", "L": "Occlusion", "M": "Reattachment",
    "N": "Release", "P": "Removal", "Q": "Repair", "R": "Replacement", "S": "Reposition",
    "T": "Resection", "U": "Supplement", "V": "Restriction", "W": "Revision", "X": "Transfer",
    "Y": "Transplantation",
}  # fmt: skip
_APPROACHES = {
    "0": "Open", "3": "Percutaneous", "4": "Percutaneous Endoscopic",
    "7": "Via Natural or Artificial Opening",
    "8": "Via Natural or Artificial Opening Endoscopic",
    "F": "Via Natural or Artificial Opening With Percutaneous Endoscopic Assistance",
    "X": "External",
}  # fmt: skip


def compose_title(code: str) -> str | None:
    """Word what the characters alone tell; None if the section is unknown."""
    parts = [_SECTIONS.get(code[:1])]
    if code[:1] == "0" and len(code) == 7:
        parts += [_BODY_SYSTEMS.get(code[1]), _OPERATIONS.get(code[2]), _APPROACHES.get(code[4])]
    known = [part for part in parts if part]
    return ", ".join(known) or None
