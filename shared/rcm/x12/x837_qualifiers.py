"""Which field of a claim or line stands under which qualifier: one table for reading and writing.

The order is the guides': it is the order of writing.
"""

from collections.abc import Callable
from datetime import date
from operator import attrgetter
from typing import Any, Final

PROFESSIONAL_DAYS: Final = {  # 2300 DTP01
    "431": "onset_on",
    "454": "initial_treatment_on",
    "304": "last_seen_on",
    "453": "acute_manifestation_on",
    "439": "accident_on",
    "484": "last_menstrual_period_on",
    "455": "last_x_ray_on",
    "471": "prescribed_on",
    "360": "disability_from",
    "361": "disability_through",
    "297": "last_worked_on",
    "296": "return_to_work_on",
    "435": "admitted_on",
    "096": "discharged_on",
    "090": "care_assumed_on",
    "091": "care_relinquished_on",
    "444": "first_contact_on",
    "050": "repricer_received_on",
}
PROFESSIONAL_LINE_DAYS: Final = {  # 2400 DTP01
    "471": "prescribed_on",
    "607": "certification_revised_on",
    "463": "therapy_begun_on",
    "461": "last_certified_on",
    "304": "last_seen_on",
    "738": "haemoglobin_test_on",
    "739": "creatinine_test_on",
    "011": "shipped_on",
    "455": "last_x_ray_on",
    "454": "initial_treatment_on",
}
DENTAL_LINE_DAYS: Final = {  # 2400 DTP01
    "441": "prior_placement_on",
    "452": "appliance_placement_on",
    "446": "replacement_on",
    "196": "treatment_started_on",
    "198": "treatment_completed_on",
}
PROFESSIONAL_NUMBERS: Final = {  # 2300 REF01
    "4N": "service_authorization_exception_code",
    "F5": "medicare_crossover_code",
    "EW": "mammography_certification_number",
    "9F": "referral_number",
    "G1": "prior_authorization_number",
    "F8": "payer_claim_control_number",
    "X4": "clia_number",
    "9A": "repriced_claim_number",
    "9C": "adjusted_repriced_claim_number",
    "LX": "investigational_device_number",
    "D9": "clearinghouse_trace_number",
    "EA": "medical_record_number",
    "P4": "demonstration_project_number",
    "1J": "care_plan_oversight_number",
}
INSTITUTIONAL_NUMBERS: Final = {  # 2300 REF01; LX repeats and stands between 9C and D9
    "4N": "service_authorization_exception_code",
    "9F": "referral_number",
    "G1": "prior_authorization_number",
    "F8": "payer_claim_control_number",
    "9A": "repriced_claim_number",
    "9C": "adjusted_repriced_claim_number",
    "D9": "clearinghouse_trace_number",
    "LU": "auto_accident_state_code",
    "EA": "medical_record_number",
    "P4": "demonstration_project_number",
    "G4": "peer_review_number",
}
DENTAL_NUMBERS: Final = {  # 2300 REF01
    "G3": "predetermination_number",
    "4N": "service_authorization_exception_code",
    "F8": "payer_claim_control_number",
    "9F": "referral_number",
    "G1": "prior_authorization_number",
    "9A": "repriced_claim_number",
    "9C": "adjusted_repriced_claim_number",
    "D9": "clearinghouse_trace_number",
}
REPRICED_LINE_NUMBERS: Final = {  # 2400 REF01 of an 837P and 837I
    "9B": "repriced_line_number",
    "9D": "adjusted_repriced_line_number",
}
PROFESSIONAL_LINE_NUMBERS: Final = {  # 2400 REF01
    "6R": "line_item_control_number",
    "EW": "mammography_certification_number",
    "X4": "clia_number",
    "F4": "referring_clia_number",
    "BT": "immunization_batch_number",
}
DENTAL_LINE_NUMBERS: Final = {  # 2400 REF01
    "6R": "line_item_control_number",
    "9A": "repriced_line_number",
    "9C": "adjusted_repriced_line_number",
}

Put = Callable[[tuple[str, ...]], None]


class Days:
    """Writes the dates of a table that a claim or line has, each as DTP with format D8."""

    __slots__ = ("_fields", "_none", "_qualifiers", "_text")

    def __init__(self, table: dict[str, str], text: Callable[[date], str]) -> None:
        self._qualifiers = tuple(table)
        self._fields = attrgetter(*table.values())
        self._none = (None,) * len(table)
        self._text = text

    def put(self, put: Put, owner: Any) -> None:
        """Write them."""
        days = self._fields(owner)
        if days != self._none:
            for qualifier, when in zip(self._qualifiers, days, strict=True):
                if when is not None:
                    put(("DTP", qualifier, "D8", self._text(when)))


class Numbers:
    """Writes the identifiers of a table that a claim or line has, each as REF."""

    __slots__ = ("_empty", "_fields", "_qualifiers")

    def __init__(self, table: dict[str, str]) -> None:
        self._qualifiers = tuple(table)
        self._fields = attrgetter(*table.values())
        self._empty = ("",) * len(table)

    def put(self, put: Put, owner: Any) -> None:
        """Write them."""
        numbers = self._fields(owner)
        if numbers != self._empty:
            for qualifier, text in zip(self._qualifiers, numbers, strict=True):
                if text:
                    put(("REF", qualifier, text))
