"""Templates of physician queries, as data: what is asked, and which findings it must rest on.

A template offers an option only where the record holds what supports it; so what is made from it
never names a diagnosis that nothing speaks for. Templates are YAML beside this module, and in the
tenant's configuration, where one with the same id replaces ours.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

import msgspec
from msgspec import Meta, Struct

from coding_svc.model.query import (
    Content,
    Indicator,
    Kind,
    QueryOption,
    QueryShape,
    StandsFor,
)
from coding_svc.rules.query_lint import QueryFinding, lint

Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]

ESTABLISHED = "{established}"
"""Stands in a question for what the record names already."""


class Slot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding that is taken from the record.

    Attributes:
        slot: Its name.
        label: How it is called in the query.
        required: Without it the query is not asked.
    """

    slot: Name
    label: str
    required: bool = False


class OptionSpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer that may be offered.

    Attributes:
        text: As it is read.
        stands_for: What choosing it means.
        supported_by: Slots that speak for it.
        needs: How many of them must be filled for it to be offered.
    """

    text: str
    stands_for: StandsFor = "diagnosis"
    supported_by: tuple[Name, ...] = ()
    needs: Annotated[int, Meta(ge=1, le=20)] = 1


class Template(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A template of a query.

    Attributes:
        template_id: Its name.
        version: Counted up with every change; recorded with every query made from it.
        name: For the list that a coder chooses from; never sent.
        title: As in the query; names no diagnosis.
        reason_code: Why such a query is asked.
        shape: How it may be answered.
        kinds: When it is asked.
        question: What is asked; `{established}` stands for what the record names already.
        established_example: What the record may name already, where the query asks about such a
            thing; empty where it does not.
        slots: The findings that it rests on.
        options: The answers that it may offer, in order.
    """

    template_id: Name
    version: Annotated[int, Meta(ge=1)] = 1
    name: str
    title: str
    reason_code: Name
    shape: QueryShape = "multiple-choice"
    kinds: tuple[Kind, ...] = ("concurrent", "retrospective", "post-bill")
    question: str
    established_example: str = ""
    slots: tuple[Slot, ...]
    options: tuple[OptionSpec, ...] = ()

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Make a template of what YAML gave.

        Raises:
            msgspec.ValidationError: A field is unknown or of the wrong type; says which.
        """
        return msgspec.convert(dict(data), cls)

    @property
    def required(self) -> tuple[str, ...]:
        """Slots without which it is not asked."""
        return tuple(slot.slot for slot in self.slots if slot.required)

    @property
    def needs_established(self) -> bool:
        """Whether it asks about something that the record names already."""
        return bool(self.established_example)

    def made(
        self,
        indicators: Sequence[Indicator],
        established: Sequence[str] = (),
        established_source: str = "",
    ) -> Content:
        """Make a query of findings; options that they do not support are left out."""
        labels = {slot.slot: slot.label for slot in self.slots}
        order = {slot.slot: at for at, slot in enumerate(self.slots)}
        cited = [
            msgspec.structs.replace(i, label=i.label or labels.get(i.slot, ""))
            for i in sorted(indicators, key=lambda i: order.get(i.slot, len(order)))
        ]
        filled = {i.slot for i in cited if i.value.strip()}
        offered: list[QueryOption] = []
        for spec in self.options:
            rests_on = tuple(slot for slot in spec.supported_by if slot in filled)
            if spec.stands_for != "diagnosis" or len(rests_on) >= spec.needs:
                key = _KEYS[len(offered)]
                offered.append(
                    QueryOption(
                        key=key,
                        text=spec.text,
                        stands_for=spec.stands_for,
                        supported_by=rests_on if spec.stands_for == "diagnosis" else (),
                    )
                )
        return Content(
            title=self.title,
            question=self.question.replace(ESTABLISHED, ", ".join(established)),
            shape=self.shape,
            reason_code=self.reason_code,
            indicators=tuple(cited),
            options=tuple(offered),
            established=tuple(established),
            established_source=established_source,
        )

    def faults(self) -> list[QueryFinding]:
        """Check the template itself: made of findings for every slot, it must pass the lint.

        Raises:
            ValueError: An option rests on a slot that is not there.
        """
        filled = [Indicator(slot=s.slot, value="as recorded", source="note") for s in self.slots]
        named = (self.established_example,) if self.needs_established else ()
        content = self.made(filled, named, "note" if named else "")
        found = lint(content, required=self.required)
        slots = {slot.slot for slot in self.slots}
        for at, option in enumerate(self.options):
            if not slots.issuperset(option.supported_by):
                raise ValueError(
                    f"{self.template_id}: options[{at}] names a slot that is not there"
                )
        return found


_KEYS = "abcdefghijklmnopqrstuvwxyz"
