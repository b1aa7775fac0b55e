"""What the routes of physician queries take and show."""

from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from coding_svc.decide.queries import Draft
from coding_svc.model.query import Answer, Content, Indicator, QueryOption
from coding_svc.problems import QueryTemplateNotFound
from coding_svc.rules.query_lint import QueryFinding
from coding_svc.rules.query_measures import Measures
from coding_svc.rules.query_template import Template
from coding_svc.store.queries import QueryRow

Line = Annotated[str, StringConstraints(max_length=500)]
Text = Annotated[str, StringConstraints(max_length=4_000)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
NpiText = Annotated[str, StringConstraints(pattern=r"^(\d{10})?$")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class IndicatorIn(_In):
    """A clinical finding, as the record has it."""

    slot: Name = Field(examples=["creatinine_highest"])
    label: Line = Field("", description="Empty for the template's.")
    value: Line = Field(examples=["3.2 mg/dL, 03/02 06:10"])
    source: Line = Field("", description="Document number, or message and path.")


class OptionIn(_In):
    """An answer that is offered."""

    key: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{1,8}$")]
    text: Line
    stands_for: Literal["diagnosis", "yes", "no", "not-significant", "other", "unable"]
    supported_by: list[Name] = Field([], max_length=20, description="Slots that speak for it.")


class DraftIn(_In):
    """What is asked: by a template, whose texts may be replaced, or in free text."""

    template_id: Annotated[str, StringConstraints(max_length=40)] = ""
    physician_id: NpiText = Field("", description="NPI; empty for the attending physician.")
    title: Line = Field("", description="Names no diagnosis. Empty for the template's.")
    question: Text = ""
    shape: Literal["", "multiple-choice", "yes-no", "open"] = ""
    reason_code: Annotated[str, StringConstraints(pattern=r"^([a-z0-9][a-z0-9_-]{0,39})?$")] = ""
    indicators: list[IndicatorIn] = Field([], max_length=40)
    options: list[OptionIn] = Field([], max_length=20)
    established: list[Line] = Field([], max_length=5, description="What the record names already.")
    established_source: Line = ""

    def draft(self, templates: dict[str, Template]) -> Draft:
        """Make the draft.

        Raises:
            QueryTemplateNotFound: There is no such template.
        """
        indicators = [Indicator(**one.model_dump()) for one in self.indicators]
        own: dict[str, Any] = {
            name: value
            for name in ("title", "question", "shape", "reason_code")
            if (value := getattr(self, name))
        }
        if self.options:
            own["options"] = tuple(
                QueryOption(
                    key=one.key,
                    text=one.text,
                    stands_for=one.stands_for,
                    supported_by=tuple(one.supported_by),
                )
                for one in self.options
            )
        if not self.template_id:
            plain = Content(
                title="",
                question="",
                shape="multiple-choice",
                reason_code="free-text",
                indicators=tuple(indicators),
                established=tuple(self.established),
                established_source=self.established_source,
            )
            return Draft(
                content=msgspec.structs.replace(plain, **own), physician_id=self.physician_id
            )
        template = templates.get(self.template_id)
        if template is None:
            raise QueryTemplateNotFound
        made = template.made(indicators, self.established, self.established_source)
        return Draft(
            content=msgspec.structs.replace(made, **own),
            required=template.required,
            template_id=template.template_id,
            template_version=template.version,
            physician_id=self.physician_id,
        )


class QueryIn(DraftIn):
    """Draft a query about an encounter."""

    encounter_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class SendIn(_In):
    """Let a query go."""

    channel_id: Annotated[str, StringConstraints(max_length=40)] = Field(
        "", description="Empty for the physician's own way."
    )


class AnswerIn(_In):
    """A physician's answer."""

    option_key: Annotated[str, StringConstraints(max_length=8)] = Field("", examples=["a"])
    response: Literal["", "disagree", "other", "unable"] = Field(
        "", description="How it counts, where no option is chosen."
    )
    text: Text = Field("", description="The physician's own words.")
    answered_by: NpiText = Field(
        "", description="NPI, where somebody enters what a physician said; not for physicians."
    )


class CloseIn(_In):
    """Close a query."""

    cause: Literal["answered", "withdrawn", "unanswered"]
    note_code: Annotated[str, StringConstraints(pattern=r"^([a-z0-9-]{1,40})?$")] = ""


class FindingOut(BaseModel):
    """A fault in the wording of a query."""

    model_config = ConfigDict(from_attributes=True)

    rule_id: str
    path: str = Field(examples=["options[1].text"])
    start: int = Field(description="Where in that text it begins.")
    end: int
    text: str
    remedy: str
    severity: Literal["error", "warning"]


class Linted(BaseModel):
    """What the check of a wording found."""

    lint_version: str
    may_be_sent: bool = Field(description="No finding is an error.")
    findings: list[FindingOut]
    content: dict[str, Any] = Field(description="The query as it would read.")


class QueryOut(BaseModel):
    """A query as it is listed: no PHI."""

    model_config = ConfigDict(from_attributes=True)

    query_id: str
    encounter_id: str
    status: Literal["draft", "sent", "answered", "closed"]
    kind: str
    reason_code: str
    shape: str
    template_id: str = Field(description="Empty for free text.")
    template_version: int
    finding_rules: list[str]
    physician_id: str = Field(description="NPI of who was asked first, and is measured.")
    asked_id: str = Field(description="NPI of who is asked now.")
    asked_subject: str
    coder: str
    channel_id: str
    channel_kind: str
    control_number: str
    delivery_number: int
    delivery: str = Field(description="due, under-way, delivered or refused.")
    attempt: int
    evidence: str = Field(description="By what the last attempt is known: AA, timeout, http-201.")
    next_try_at: str
    level: int = Field(description="Steps of escalation.")
    response: str = Field(description="agree, disagree, other, unable; empty before an answer.")
    option_key: str
    answered_by: str
    answered_via: str
    answer_count: int
    opened_at: str
    sent_at: str
    due_at: str
    answered_at: str
    closed_at: str
    close_cause: str
    changed_at: str

    @classmethod
    def of(cls, row: QueryRow) -> "QueryOut":
        """Show a row."""
        return cls.model_validate(row)


class QueryFull(QueryOut):
    """A query with what it says. PHI."""

    content: dict[str, Any] | None = Field(description="Null where the patient was forgotten.")
    answer: dict[str, Any] | None

    @classmethod
    def with_words(
        cls, row: QueryRow, content: Content | None, answer: Answer | None
    ) -> "QueryFull":
        """Show a row and its words."""
        shown = QueryOut.of(row).model_dump()
        return cls(
            **shown,
            content=msgspec.to_builtins(content) if content is not None else None,
            answer=msgspec.to_builtins(answer) if answer is not None else None,
        )


class QueryChanged(BaseModel):
    """A query after what was asked for, and what the check of its wording finds."""

    query: QueryOut
    findings: list[FindingOut]


class TemplateOut(BaseModel):
    """A template."""

    template_id: str
    version: int
    name: str
    reason_code: str
    shape: str
    title: str
    question: str
    needs_established: bool
    slots: list[dict[str, Any]]
    options: list[dict[str, Any]]

    @classmethod
    def of(cls, template: Template) -> "TemplateOut":
        """Show a template."""
        plain = msgspec.to_builtins(template)
        return cls.model_validate({**plain, "needs_established": template.needs_established})


class MeasuresOut(BaseModel):
    """Some queries, measured. Rates are permille; times are seconds."""

    value: str
    sent_count: int
    encounter_count: int = Field(description="Encounters that were asked about, each once.")
    answered_count: int
    waiting_count: int = Field(description="Sent, not answered, not closed.")
    escalated_count: int
    agree_count: int
    disagree_count: int
    other_count: int
    unable_count: int
    response_permille: int | None = Field(description="Answered of sent.")
    agreement_permille: int | None = Field(
        description="Agreed of the answered that offered options; null of none."
    )
    median_s: int | None = Field(description="Turnaround, first sent to first answered.")
    p90_s: int | None = Field(description="Nearest rank.")
    href: str = Field(description="Opens exactly the queries that are counted.")

    @classmethod
    def of(cls, measures: Measures, href: str) -> "MeasuresOut":
        """Show measures."""
        return cls.model_validate({**msgspec.to_builtins(measures), "href": href})


class Measured(BaseModel):
    """All queries of a filter, and by one column."""

    by: str
    hours: Literal["all", "business"]
    coded_count: int = Field(
        description="Encounters released to billing in the period (sent_from, sent_through)."
    )
    query_permille: int | None = Field(
        description="Query rate: encounters asked about, of a thousand released in the period; "
        "null of none. Above 1000 where more were asked about than released."
    )
    total: MeasuresOut
    groups: list[MeasuresOut]


def findings_out(found: list[QueryFinding]) -> list[FindingOut]:
    """Show what a check found."""
    return [FindingOut.model_validate(one) for one in found]
