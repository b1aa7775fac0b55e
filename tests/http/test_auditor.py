"""An auditor reads what everybody reads who works cases, and changes nothing but findings."""

from http_matrix import role_matrix

FINDINGS = {
    "POST /v1/audit-cases/{case_id}/takes",
    "POST /v1/audit-cases/{case_id}/second-codings",
    "PUT /v1/audit-findings/{case_id}/{number}/verdict",
}
CALCULATED = {"POST /v1/codes/validations", "POST /v1/codes/risk-scores"}
"""A question too long for a query; nothing is recorded."""
WORKERS = {"coder", "biller", "manager"}


async def test_an_auditor_changes_nothing_but_findings_and_reads_what_case_workers_read():
    matrix = await role_matrix()
    routes = {route: roles for those in matrix.values() for route, roles in those.items()}
    changes = {r for r, let in routes.items() if not r.startswith("GET ") and "auditor" in let}
    assert changes - CALCULATED == FINDINGS
    closed = {
        route
        for route, let in routes.items()
        if route.startswith("GET ") and WORKERS & set(let) and "auditor" not in let
    }
    assert closed == set()
