"""What an operator keeps for a tenant of the samples: claims directory and sender profile."""

from typing import Any

from tools.sampler.cases import Payer, Site

RECEIVER = "PRAIRIECH"
ADDRESS = {
    "northside": ("100 Hospital Drive", "Columbus", "OH", "432151234"),
    "lakeview": ("20 Harbor View", "Duluth", "MN", "558021234"),
}
FILING_DAYS = {"MB": 365, "BL": 180, "HM": 90, "MC": 365}
CORRECTION_DAYS = {"MB": 365, "BL": 180, "HM": 180, "MC": 180}


def directory(site: Site) -> dict[str, Any]:
    """Build the directory that claims-svc bills from."""
    line1, city, state, postal = ADDRESS[site.tenant]
    return {
        "tenant_id": site.tenant,
        "version": "2026-11",
        "default_receiver_id": RECEIVER,
        "receivers": [
            {
                "receiver_id": RECEIVER,
                "receiver_name": "PRAIRIE CLEARINGHOUSE",
                "submitter_id": site.tenant.upper(),
                "submitter_name": site.name,
                "route": {
                    "kind": "http",
                    "url": f"http://127.0.0.1:8010/{site.tenant}",
                    "resubmits_safely": True,
                },
                "contact": {"name": "BILLING OFFICE", "phone_number": "5555550100"},
            }
        ],
        "facilities": [
            {
                "facility_id": site.facility,
                "name": site.name,
                "npi": site.npi,
                "taxonomy_code": "282N00000X" if "inpatient" in site.kinds else "261QM1300X",
                "employer_id_number": site.tax_number,
                "address": {
                    "line1": line1,
                    "city": city,
                    "state_code": state,
                    "postal_code": postal,
                },
                "phone_number": "5555550101",
            }
        ],
        "payers": [
            {
                "payer_id": payer.number,
                "name": payer.name,
                "claim_filing_indicator_code": payer.filing,
                "filing_days": FILING_DAYS[payer.filing],
                "correction_days": CORRECTION_DAYS[payer.filing],
            }
            for payer in site.payers
        ],
    }


def profile(site: Site) -> dict[str, Any]:
    """Build the profile of the tenant's EHR, for coding-svc."""
    return {
        "name": f"{site.tenant}-ehr",
        "version": 1,
        "description": f"The EHR of {site.name.title()}",
        "extends": "generic",
        "senders": [f"EHR|{site.facility}"],
        "time_zone": "America/New_York" if site.tenant == "northside" else "America/Chicago",
        "department_is_revenue_code": True,
        "facilities": {site.facility: site.facility},
        "default_facility_id": site.facility,
        "class_places_of_service": {"O": "11", "E": "23", "I": "21"},
        "payers": {payer.number: _crosswalk(payer) for payer in site.payers},
        "providers": {
            doctor.npi: {
                "npi": doctor.npi,
                "last_name": doctor.last.upper(),
                "first_name": doctor.first.upper(),
                "taxonomy_code": doctor.taxonomy,
            }
            for doctor in site.doctors
        },
    }


def _crosswalk(payer: Payer) -> dict[str, str]:
    return {"payer_id": payer.number, "name": payer.name, "filing_indicator_code": payer.filing}
