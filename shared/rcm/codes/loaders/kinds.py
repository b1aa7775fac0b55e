"""Every kind of file that `rcm codes load` knows, with where it is had."""

from collections.abc import Callable
from typing import NamedTuple

from rcm.codes.loaders import coverage, hcpcs, icd_order, icd_xml, lists, ncci
from rcm.codes.loaders.parsed import AMA, PUBLIC_DOMAIN, Parsed, Upload
from rcm.codes.model import System

_NUBC = "(c) American Hospital Association (NUBC), under the operator's licence"
_X12 = "(c) X12, under the operator's licence"


class Kind(NamedTuple):
    """One kind of official file.

    Attributes:
        parse: Its loader.
        file: What it is called where it is had.
        searchable: True if the search layer must be made anew after it.
    """

    parse: Callable[[Upload], Parsed]
    file: str
    searchable: bool = False


KINDS: dict[str, Kind] = {
    "icd10cm-order": Kind(icd_order.parse_diagnoses, "icd10cm_order_YYYY.txt (CMS)", True),
    "icd10cm-tabular": Kind(icd_xml.parse_tabular_list, "icd10cm_tabular_YYYY.xml (CDC)", True),
    "icd10cm-index": Kind(icd_xml.parse_index, "icd10cm_index_YYYY.xml (CDC)", True),
    "icd10pcs-order": Kind(icd_order.parse_procedures, "icd10pcs_order_YYYY.txt (CMS)", True),
    "hcpcs": Kind(hcpcs.parse_anweb, "HCPCYYYY_MMM_ANWEB.txt (CMS, quarterly)", True),
    "hcpcs-modifiers": Kind(hcpcs.parse_anweb_modifiers, "the same file: Level II modifiers"),
    "hcpcs-csv": Kind(hcpcs.parse_csv, "csv: code, long_description, terminated", True),
    "cpt": Kind(lists.parse_cpt, "CPT data file, text (AMA licence)", True),
    "ptp-practitioner": Kind(ncci.parse_ptp_practitioner, "ccipra-vNNN-fN.txt (CMS NCCI)"),
    "ptp-hospital": Kind(ncci.parse_ptp_hospital, "ccioph-vNNN-fN.txt (CMS NCCI)"),
    "mue-practitioner": Kind(ncci.parse_mue_practitioner, "MCR_MUE_PractitionerServices_*.csv"),
    "mue-hospital": Kind(ncci.parse_mue_hospital, "MCR_MUE_OutpatientHospitalServices_*.csv"),
    "mue-dme": Kind(ncci.parse_mue_dme, "MCR_MUE_DMESupplierServices_*.csv"),
    "table5": Kind(lists.parse_table5, "IPPS final rule Table 5, text (CMS)"),
    "global-days": Kind(lists.parse_global_days, "PPRRVUnn_*.csv (CMS physician fee schedule)"),
    "fee-schedule": Kind(lists.parse_fees, "csv: code, modifier, amount (a payer's or your own)"),
    "coverage": Kind(coverage.parse_coverage, "json: NCD, LCD and payers' policies (our layout)"),
    "poa-exempt": Kind(lists.parse_poa_exempt, "POAexemptCodesYYYY.txt (CMS, yearly)"),
    "modifier-list": Kind(lists.list_parser(System.MODIFIER, AMA), "csv: code, words"),
    "pos-list": Kind(lists.list_parser(System.PLACE_OF_SERVICE, PUBLIC_DOMAIN), "csv: code, words"),
    "tob-list": Kind(lists.list_parser(System.BILL_TYPE, _NUBC), "csv: code, words"),
    "revenue-list": Kind(lists.list_parser(System.REVENUE, _NUBC), "csv: code, words"),
    "carc-list": Kind(lists.list_parser(System.CARC, _X12), "csv: code, words"),
    "rarc-list": Kind(lists.list_parser(System.RARC, PUBLIC_DOMAIN), "csv: code, words"),
}
