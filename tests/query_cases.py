"""Physician queries for the tests of coding-svc. All synthetic."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from msgspec import structs

from coding_svc.model.query import Content, Indicator, QueryOption
from coding_svc.rules.query_template import Template

TEMPLATES = Path(__file__).parents[1] / "services/coding-svc/coding_svc/rules/query_templates"
OTHER = QueryOption(key="y", text="Other (please specify)", stands_for="other")
UNABLE = QueryOption(key="z", text="Unable to determine", stands_for="unable")


@cache
def templates() -> dict[str, Template]:
    """The templates that come with the service."""
    read = [Template.of(yaml.safe_load(path.read_text())) for path in TEMPLATES.glob("*.yaml")]
    return {template.template_id: template for template in read}


def indicator(
    slot: str = "creatinine", value: str = "1.0 then 3.2 mg/dL", **more: Any
) -> Indicator:
    return Indicator(slot=slot, value=value, **{"label": "Creatinine", "source": "LAB-1", **more})


def option(key: str, text: str, *slots: str) -> QueryOption:
    return QueryOption(
        key=key, text=text, stands_for="diagnosis", supported_by=slots or ("creatinine",)
    )


def content(**changes: Any) -> Content:
    """A query that nothing is wrong with, and what is changed about it."""
    plain = Content(
        title="Clarification of kidney function",
        question="Based on your clinical judgment, please clarify the condition, if any.",
        shape="multiple-choice",
        reason_code="clinical-significance",
        indicators=(indicator(),),
        options=(
            option("a", "Acute kidney injury"),
            option("b", "Volume depletion alone"),
            OTHER,
            UNABLE,
        ),
    )
    return structs.replace(plain, **changes)


def yes_no(**changes: Any) -> Content:
    """A yes or no that may be asked."""
    plain = content(
        title="Clarification of a skin finding",
        question="The record names a pressure injury. Was it present at the order for admission?",
        shape="yes-no",
        reason_code="present-on-admission",
        established=("pressure injury of the sacrum",),
        established_source="NOTE-7",
        options=(
            QueryOption(key="a", text="Yes", stands_for="yes"),
            QueryOption(key="b", text="No", stands_for="no"),
            OTHER,
            UNABLE,
        ),
    )
    return structs.replace(plain, **changes)
