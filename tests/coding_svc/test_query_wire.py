"""Physician queries on the wire: what is written, what each answer proves, what comes back."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coding_cases import message, parsed, pid, pv1, segment
from coding_svc.codec.fhir.communication import QUERY_SYSTEM, communication, replies_of
from coding_svc.codec.fhir.document import Node, read
from coding_svc.codec.hl7v2.documents import query_message, reply_of
from coding_svc.codec.hl7v2.message import Message, encode, parse
from coding_svc.gateway.query_delivery import Receipt, deliver, signature
from coding_svc.model.query import Address, Outgoing
from coding_svc.rules.query_policy import Channel
from query_cases import content, indicator, templates
from query_world import receiving, served

QUERY = "qry_abcdefgh234567aa"
ABOUT = Address(
    medical_record_number="R1",
    account_number="A1",
    visit_number="V1",
    last_name="TESTPATIENT",
    first_name="ALPHA",
    born_on="1980-06-15",
    sex_code="F",
    class_code="I",
    facility="HOSP",
    attending_npi="1999999901",
    attending_last_name="ALPHADOC",
)
SENT = Outgoing(
    query_id=QUERY,
    control_number="ABCDEFGH234567AAD1",
    sent_at="2026-03-02T12:00:00Z",
    due_at="2026-03-05T12:00:00Z",
    physician_id="1999999901",
    address=ABOUT,
    content=content(),
)
SECRET = "a secret of sixteen and more"


def mllp(port: int, **more) -> Channel:
    return Channel(kind="mdm", port=port, timeout_s=1, **more)


# -- MDM^T02 out -----------------------------------------------------------------------------------


def test_a_query_is_a_document_that_names_itself_and_its_patient():
    read_back = parsed(query_message(SENT, mllp(1, sending="RCM|OFFICE", receiving="EHR|HOSP")))
    msh, txa, pid_ = (read_back.first(name) for name in ("MSH", "TXA", "PID"))
    assert read_back.trigger == "MDM^T02"
    assert (msh.text(4), msh.text(6), msh.text(10)) == ("OFFICE", "HOSP", SENT.control_number)
    assert (msh.text(7), msh.text(11), msh.text(12)) == ("20260302120000+0000", "P", "2.5.1")
    assert (txa.text(12), txa.text(5), txa.text(17)) == (QUERY, "1999999901", "DO")
    assert (pid_.text(3), pid_.text(18), pid_.text(7)) == ("R1", "A1", "19800615")
    said = {obx.text(3) for obx in read_back.all("OBX")}
    assert said == {"TITLE", "INDICATOR", "QUESTION", "DUE", "OPTION"}
    options = [obx.text(5) for obx in read_back.all("OBX") if obx.text(3) == "OPTION"]
    assert options == ["a", "b", "y", "z"]


def test_every_attempt_has_the_same_bytes():
    assert query_message(SENT, mllp(1)) == query_message(SENT, mllp(1))


@given(st.text(max_size=80), st.text(max_size=80))
def test_whatever_is_asked_arrives_as_it_was_written(question, value):
    asked = content(question=question, indicators=(indicator(value=value, source="S"),))
    from msgspec import structs

    data = query_message(structs.replace(SENT, content=asked), mllp(1))
    back = parse(data)
    assert isinstance(back, Message)
    assert encode(back) == data
    (found,) = [obx for obx in back.all("OBX") if obx.text(3) == "QUESTION"]
    flat = "".join(c if c.isprintable() else " " for c in question.replace("\r\n", "\n"))
    assert found.text(5) == flat.strip() or not question.isprintable()
    assert len(back.all("OBX")) == 4 + len(asked.options)


def test_every_template_can_be_written_and_read():
    from msgspec import structs

    for template in templates().values():
        cited = [indicator(slot.slot, "as found") for slot in template.slots]
        asked = template.made(cited, ["what is named"], "NOTE-1")
        back = parsed(query_message(structs.replace(SENT, content=asked), mllp(1)))
        assert len([o for o in back.all("OBX") if o.text(3) == "OPTION"]) == len(asked.options)


# -- over MLLP -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behave", "outcome", "evidence"),
    [
        ("AA", "delivered", "AA"),
        ("AE", "not-sent", "AE"),
        ("AR", "refused", "AR"),
        ("silent", "unknown", "timeout"),
        ("cut", "unknown", "connection-cut"),
        (lambda _: b"MSH|^~\\&|A|B|C|D|1||ACK|1|P|2.5.1\rMSA|AA|ANOTHER\r", "unknown", "timeout"),
        (lambda _: b"no HL7 at all", "unknown", "timeout"),
        (
            lambda m: (
                b"MSH|^~\\&|A|B|C|D|1||ACK|1|P|2.5.1\rMSA|CA|" + m.header.text(10).encode() + b"\r"
            ),
            "delivered",
            "CA",
        ),
    ],
)
async def test_what_the_receiver_does_proves_what_it_proves(behave, outcome, evidence):
    async with receiving(behave) as ehr:
        assert await deliver(SENT, mllp(ehr.port), "", 0) == Receipt(outcome, evidence)
        assert ehr.messages == [query_message(SENT, mllp(ehr.port))]


async def test_where_nobody_listens_nothing_was_sent():
    async with receiving() as ehr:
        port = ehr.port
    assert await deliver(SENT, mllp(port), "", 0) == Receipt("not-sent", "no-connection")


async def test_a_receiver_without_the_certificate_gets_nothing(tmp_path):
    async with receiving() as ehr:
        secure = mllp(ehr.port, tls=True)
        receipt = await deliver(SENT, secure, "", 0)
        assert receipt.outcome == "not-sent"
        missing = mllp(ehr.port, tls=True, ca_file=str(tmp_path / "absent.pem"))
        assert (await deliver(SENT, missing, "", 0)).outcome == "not-sent"
        assert not any(b"MDM^T02" in data for data in ehr.messages)


# -- over HTTP -------------------------------------------------------------------------------------


@dataclass
class Site:
    """A web server that answers with one status and keeps what came."""

    status: int = 201
    url: str = ""
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    is_silent: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        text = head.decode()
        length = int(text.lower().split("content-length: ")[1].split("\r")[0])
        self.heads.append(text)
        self.bodies.append(await reader.readexactly(length))
        if self.is_silent:
            await asyncio.sleep(60)
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@contextlib.asynccontextmanager
async def site(status: int = 201, **more) -> AsyncIterator[Site]:
    made = Site(status, **more)
    async with served(made.serve) as port:
        made.url = f"http://127.0.0.1:{port}/in"
        yield made


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text(SECRET + "\n")
    return str(path)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "delivered"), (201, "delivered"), (202, "delivered"), (204, "delivered"),
        (412, "delivered"), (301, "refused"), (400, "refused"), (401, "refused"),
        (404, "refused"), (410, "refused"), (422, "refused"), (408, "unknown"),
        (409, "unknown"), (429, "not-sent"), (503, "not-sent"), (500, "unknown"), (502, "unknown"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["fhir", "webhook"])
async def test_a_status_proves_what_it_proves(kind, status, outcome, secret):
    async with site(status) as web:
        channel = Channel(kind=kind, url=web.url, secret_file=secret, timeout_s=5)
        assert await deliver(SENT, channel, "", 0) == Receipt(outcome, f"http-{status}")


async def test_silence_proves_nothing_and_a_closed_door_everything(secret):
    async with site(is_silent=True) as web:
        channel = Channel(kind="webhook", url=web.url, secret_file=secret, timeout_s=1)
        assert await deliver(SENT, channel, "", 0) == Receipt("unknown", "timeout")
    assert await deliver(SENT, channel, "", 0) == Receipt("not-sent", "no-connection")


async def test_a_notice_is_signed_and_holds_a_link_and_no_phi(secret):
    async with site() as web:
        channel = Channel(kind="webhook", url=web.url, secret_file=secret)
        await deliver(SENT, channel, "https://claims.test/queries/{query_id}", 1_772_452_800)
    (head,), (body,) = web.heads, web.bodies
    notice = json.loads(body)
    assert notice == {
        "type": "coding-query.sent",
        "query_id": QUERY,
        "link": f"https://claims.test/queries/{QUERY}",
        "sent_at": SENT.sent_at,
        "due_at": SENT.due_at,
    }
    for word in ("TESTPATIENT", "R1", "kidney", "creatinine"):
        assert word not in body.decode() + head.split("\r\n")[0]
    lines = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    fields = {name.lower(): value for name, value in lines.items()}
    assert fields["webhook-id"] == SENT.control_number
    signed = f"{SENT.control_number}.1772452800.".encode() + body
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    assert fields["webhook-signature"] == "v1," + base64.b64encode(digest).decode()
    assert signature("other" * 4, SENT.control_number, 1, body) != fields["webhook-signature"]


async def test_a_notice_in_full_says_everything_to_whom_the_tenant_trusts(secret):
    async with site() as web:
        channel = Channel(kind="webhook", url=web.url, secret_file=secret, body="full")
        await deliver(SENT, channel, "", 0)
    assert json.loads(web.bodies[0])["communication"]["identifier"][0]["value"] == QUERY


@pytest.mark.parametrize("text", ["short", "x" * 15, "ünprintable secret of some length"])
async def test_without_a_usable_secret_nothing_leaves(tmp_path, text):
    (tmp_path / "weak").write_text(text)
    async with site() as web:
        for path in (tmp_path / "weak", tmp_path / "absent"):
            channel = Channel(kind="webhook", url=web.url, secret_file=str(path))
            assert (await deliver(SENT, channel, "", 0)).outcome == "not-sent"
        assert web.bodies == []


async def test_a_communication_is_created_once_however_often_it_is_posted(secret):
    async with site() as web:
        channel = Channel(kind="fhir", url=web.url, token_file=secret)
        await deliver(SENT, channel, "", 0)
        await deliver(SENT, channel, "", 9)
    assert web.bodies[0] == web.bodies[1]
    once = f"if-none-exist: identifier={QUERY_SYSTEM}:delivery|{SENT.control_number}"
    assert once in web.heads[0].lower().replace(SENT.control_number.lower(), SENT.control_number)
    assert f"Bearer {SECRET}" in web.heads[0]
    sent = json.loads(web.bodies[0])
    assert (sent["resourceType"], sent["status"]) == ("Communication", "in-progress")
    assert sent["recipient"][0]["identifier"]["value"] == "1999999901"


# -- answers ---------------------------------------------------------------------------------------


def obx(code: str, value: str, kind: str = "TX", system: str = "L") -> str:
    return segment("OBX", f1="1", f2=kind, f3=f"{code}^^{system}", f5=value, f11="F")


def answer(*observations: str, kind: str = "MDM^T02", **txa: str) -> bytes:
    fields = {"f1": "1", "f2": "CN", "f12": "DOC9", "f13": QUERY, **txa}
    return message(kind, pid(), pv1(), segment("TXA", **fields), *observations)


def test_an_answer_names_its_query_and_an_option():
    query_id, reply = reply_of(parsed(answer(obx("RESPONSE", "a^Acute^RCMQ", "CWE"))))
    assert query_id == QUERY
    assert (reply.option_text, reply.text, reply.via) == ("a", "", "mdm")


def test_the_physicians_words_come_along_and_our_own_do_not():
    data = answer(
        obx("TITLE", "Clarification", system="RCMQ"),
        obx("QUESTION", "Please clarify", system="RCMQ"),
        obx("OPTION", "a^Acute^RCMQ", "CWE", "RCMQ"),
        obx("RESPONSE", "b", "ST"),
        obx("COMMENT", "After fluids, seen on rounds."),
        f9="1999999935^SURGEON^SAM^^^^^^NPI^^^^NPI",
        f10="1999999901^ALPHADOC^ANNA^^^^^^NPI^^^^NPI",
    )
    _, reply = reply_of(parsed(data))
    assert (reply.option_text, reply.text) == ("b", "After fluids, seen on rounds.")
    assert reply.answered_by == "1999999901"


def test_two_ticked_boxes_are_words_and_no_choice():
    _, reply = reply_of(parsed(answer(obx("RESPONSE", "a^One~b^Two", "CWE"))))
    assert (reply.option_text, reply.text) == ("", "a One\nb Two")


@pytest.mark.parametrize(
    "data",
    [
        answer(obx("RESPONSE", "a", "ST"), f13="", f14=QUERY.upper()),
        answer(obx("RESPONSE", "a", "ST"), f13="", f12=QUERY),
        message(
            "ORU^R01", pid(), segment("OBR", f1="1", f2=QUERY, f3="F1"), obx("RESPONSE", "a", "ST")
        ),
        message(
            "ORU^R01",
            pid(),
            segment("ORC", f1="RE", f2=f"{QUERY}^RCM"),
            segment("OBR", f1="1"),
            obx("RESPONSE", "a", "ST"),
        ),
    ],
)
def test_an_answer_may_name_the_query_where_its_sender_can(data):
    query_id, reply = reply_of(parsed(data))
    assert (query_id, reply.option_text) == (QUERY, "a")


@pytest.mark.parametrize(
    "data",
    [
        answer(obx("RESPONSE", "a", "ST"), f13="DOC1"),
        answer(obx("RESPONSE", "a", "ST"), f13=QUERY[:-1]),
        answer(obx("RESPONSE", "a", "ST"), f13=f"x{QUERY}"),
        message("ADT^A08", pid(), pv1(), segment("OBR", f2=QUERY)),
        message("MDM^T02", pid(), pv1()),
    ],
)
def test_a_message_that_names_no_query_answers_none(data):
    assert reply_of(parsed(data)) is None


@given(st.binary(max_size=60))
def test_no_answer_fails_to_be_read(data):
    raw = answer(obx("RESPONSE", "a", "ST")).replace(b"|a|", b"|" + data + b"|")
    back = parse(raw)
    if isinstance(back, Message):
        found = reply_of(back)
        assert found is None or found[0] == QUERY


def replies(resource: dict) -> list:
    document = read(json.dumps(resource).encode())
    assert isinstance(document, Node)
    return replies_of(document)


def reply(**more) -> dict:
    return {
        "resourceType": "Communication",
        "status": "completed",
        "inResponseTo": [{"reference": f"Communication/{QUERY.replace('_', '-')}"}],
        "payload": [{"contentString": "a"}, {"contentString": "Improved with fluids."}],
        "sender": {"identifier": {"value": "1999999901"}},
        **more,
    }


def test_a_communication_in_response_is_an_answer():
    ((query_id, said),) = replies(reply())
    assert query_id == QUERY
    assert (said.option_text, said.text) == ("a", "Improved with fluids.")
    assert (said.answered_by, said.via) == ("1999999901", "fhir")


@pytest.mark.parametrize(
    "reference",
    [
        {"inResponseTo": [{"reference": f"https://x.test/fhir/Communication/{QUERY}/_history/2"}]},
        {"inResponseTo": [{"identifier": {"system": QUERY_SYSTEM, "value": QUERY}}]},
        {"inResponseTo": [], "basedOn": [{"identifier": {"value": QUERY}}]},
    ],
)
def test_it_may_refer_to_its_query_in_each_way_that_fhir_has(reference):
    assert replies(reply(**reference))[0][0] == QUERY


def test_answers_come_in_bundles_too_and_a_withdrawn_one_is_none():
    both = [{"resource": reply()}, {"resource": reply(status="entered-in-error")}]
    assert len(replies({"resourceType": "Bundle", "entry": both})) == 1
    assert replies(reply(inResponseTo=[{"reference": "Communication/1"}])) == []
    assert replies({"resourceType": "Patient"}) == []


def test_what_is_sent_and_what_is_asked_back_are_not_taken_for_each_other():
    assert replies(communication(SENT)) == []
