"""Files as JSON of typed documents, and back, byte for byte."""

import json
from io import BytesIO

import msgspec
import pytest

from rcm.x12 import x275
from rcm.x12.lexer import Lexer
from rcm.x12.transform import NotOurJson
from rcm.x12.typed_json import as_typed_json, from_typed_json
from rcm.x12.writer import NotWritable
from x12_837_cases import DENTAL, INSTITUTIONAL, PROFESSIONAL, World, a_file
from x12_cases import corpus_files, interchange
from x12_seeded_faults import FAMILIES, counted, seeded, whole, written

TYPED = tuple(FAMILIES)


def told(data, **options):
    lexer = Lexer(BytesIO(data))
    text = msgspec.json.encode(list(as_typed_json(lexer, **{"mask": False, **options})))
    return json.loads(text)


def back(data):
    return b"".join(from_typed_json(told(data)))


def transactions(data, **options):
    return [
        one
        for interchange_ in told(data, **options)
        for group in interchange_["groups"]
        for one in group["transactions"]
    ]


@pytest.mark.parametrize("line_break", ["", "\n", "\r\n"])
def test_a_remittance_is_a_document_alone_and_comes_back(line_break):
    data = interchange(line_break=line_break)
    (one,) = transactions(data)
    assert "segments" not in one
    assert one["document"]["payment"]["amount_cents"] == 19500
    assert back(data) == data


@pytest.mark.parametrize("family", TYPED)
def test_a_typed_transaction_is_a_document_and_comes_back(family):
    data = written(whole(family))
    (one,) = transactions(data)
    assert "document" in one
    assert "segments" not in one
    assert back(data) == data


@pytest.mark.parametrize(
    "shape", [*PROFESSIONAL, *INSTITUTIONAL, *DENTAL], ids=lambda one: one.__name__
)
def test_claims_of_every_shape_come_back(shape):
    data = a_file(shape(World(1)))
    (one,) = transactions(data)
    assert "segments" not in one
    assert back(data) == data


def test_delimiters_of_any_kind_come_back():
    data = interchange().replace(b"*", b"|").replace(b"~", b"\x1d").replace(b":", b">")
    (one,) = transactions(data)
    assert "segments" not in one
    assert back(data) == data


def test_the_head_of_a_transaction_is_told_once():
    (one,) = transactions(written(whole("834")))
    assert one["document"]["enrollment"]["reference_number"] == "FILE-1"
    jane, sam = one["document"]["members"]
    assert "enrollment" not in jane
    assert sam["name"]["first_name"] == "SAM"


def test_another_errata_of_a_guide_is_a_document_and_keeps_its_name():
    data = written(whole("275")).replace(b"005010X210", b"006020X314")
    (one,) = transactions(data)
    assert "segments" not in one
    assert back(data) == data


NASTY = b"a~SE*9*0001~GE*1*7~\x00\xff*b^c:d\r\n~"


@pytest.mark.parametrize("payload", [NASTY, b"....", b"plain"])
def test_data_of_any_bytes_comes_back(payload):
    segment = b"BIN*%d*%s" % (len(payload), payload)
    data = written(whole("275")).replace(b"BIN*11*HELLO WORLD", segment)
    (one,) = transactions(data)
    assert "segments" not in one
    assert back(data) == data


def test_data_of_a_second_interchange_is_not_hidden_by_the_first():
    data = written(whole("275"))
    cut = data.replace(b"IEA*1*000000042~", b"")
    for both in (data + data, cut + data):
        found = [one.data for row in x275.read(both).documents for one in row.contents]
        assert found == [b"HELLO WORLD", b"aGVsbG8K"] * 2
    assert back(data + data) == data + data


def test_a_dental_line_without_a_procedure_keeps_its_segments():
    data = a_file(DENTAL[0](World(1)))
    start = data.index(b"SV3*AD:")
    end = data.index(b"*", start + 4)
    data = data[: start + 4] + data[end:]
    assert "segments" in transactions(data)[0]
    assert back(data) == data


def test_data_whose_length_is_wrong_comes_back():
    data = written(whole("275")).replace(b"BIN*11*", b"BIN*10*")
    assert back(data) == data


COVERAGE = [
    "=", "AMT*P3*80", "REF*CE*A1", "IDC*CARD*D*2", "LX*1",
    "NM1*P3*1*WELBY*MARCUS****XX*1234567893*25", "N3*1 MAIN ST", "N4*ALBANY*NY*12207",
    "PER*CN**TE*8005550100", "PLA*2*1P*20260301**14", "LX*2", "NM1*QA*2*SMILE DENTAL",
    "COB*P*890*1*30^35", "REF*60*POL1", "DTP*344*D8*20250101", "NM1*IN*2*OTHER PLAN*****FI*12345",
    "N4*ALBANY*NY*12207", "COB*S**6",
]  # fmt: skip


def test_providers_and_other_coverages_of_a_member_are_typed():
    data = written(counted(seeded("834", "DTP*348", COVERAGE)))
    (one,) = transactions(data)
    assert "segments" not in one
    (coverage,) = one["document"]["members"][0]["coverages"]
    welby, _ = coverage["providers"]
    assert (welby["party"]["number"], welby["relationship_code"]) == ("1234567893", "25")
    first, second = coverage["other_coverages"]
    assert first["further"] == [[["30"], ["35"]]]
    assert [party["last_name"] for party in first["parties"]] == ["OTHER PLAN"]
    assert second == {"responsibility_code": "S", "coordination_code": "6"}
    assert back(data) == data


def test_the_account_of_a_broker_is_kept():
    data = written(counted(seeded("834", "N1*IN", ["=", "N1*BO*A BROKER*94*B1", "ACT*1234*7"])))
    (one,) = transactions(data)
    assert "segments" not in one
    assert one["document"]["enrollment"]["parties"][2]["account"] == ["ACT", "1234", "7"]
    assert back(data) == data


def test_members_of_two_heads_are_refused():
    documents = told(written(whole("834")))
    (transaction,) = documents[0]["groups"][0]["transactions"]
    other = transaction["document"].pop("enrollment")
    jane, sam = transaction["document"]["members"]
    jane["enrollment"], sam["enrollment"] = other, {**other, "reference_number": "FILE-2"}
    with pytest.raises(NotWritable):
        b"".join(from_typed_json(documents))


def test_claims_without_a_head_keep_their_segments():
    data = a_file(PROFESSIONAL[0](World(1)))
    bht = next(one for one in data.split(b"~") if one.startswith(b"BHT"))
    data = data.replace(bht + b"~", b"")
    (one,) = transactions(data)
    assert "document" not in one
    assert back(data) == data


def test_what_would_be_written_otherwise_keeps_its_segments():
    data = interchange().replace(b"*125*100*5*", b"*125.00*100*5*")
    (one,) = transactions(data)
    assert one["document"]["groups"][0]["claims"][0]["billed_cents"] == 12500
    assert next(segment[:4] for segment in one["segments"] if segment[0] == "CLP") == [
        "CLP",
        "C-1001",
        "1",
        "125.00",
    ]
    assert back(data) == data


def test_a_document_that_was_changed_is_written_as_it_is_now():
    documents = told(interchange())
    transaction = documents[0]["groups"][0]["transactions"][0]
    transaction["document"]["payment"]["trace_number"] = "EFT-6"
    assert b"TRN*1*EFT-6*" in b"".join(from_typed_json(documents))


def test_a_broken_envelope_comes_back_by_segment():
    segments = [one for one in counted(whole("270")) if not one.startswith("SE*")]
    data = written(segments)
    assert "segments" in told(data)[0]
    assert back(data) == data


def test_persons_are_masked_unless_asked():
    data = interchange()
    text = json.dumps(told(data, mask=True))
    assert "JANE" not in text
    assert "EDGAR" not in text
    assert transactions(data, mask=True)[0]["document"]["payment"]["amount_cents"] == 19500


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.pop("isa"),
        lambda one: one.update(groups=7),
        lambda one: one["groups"][0]["transactions"][0].pop("document"),
        lambda one: one["groups"][0]["transactions"][0].update(document={"payment": 7}),
        lambda one: one.update(line_break="x"),
        lambda one: one.update(iea=7),
    ],
)
def test_other_json_is_refused(change):
    documents = told(interchange())
    change(documents[0])
    with pytest.raises((NotOurJson, NotWritable)):
        b"".join(from_typed_json(documents))


def test_a_refusal_repeats_no_value():
    documents = told(a_file(PROFESSIONAL[0](World(1))))
    claim = documents[0]["groups"][0]["transactions"][0]["document"]["claims"][0]
    claim["subscriber"]["entity_type_code"] = "JANE"
    with pytest.raises(NotOurJson) as refusal:
        b"".join(from_typed_json(documents))
    assert "JANE" not in str(refusal.value)


def test_a_separator_in_a_value_is_refused():
    documents = told(written(whole("834")))
    documents[0]["groups"][0]["transactions"][0]["document"]["members"][0]["name"]["number"] = "A~B"
    with pytest.raises(NotWritable):
        b"".join(from_typed_json(documents))


def test_a_separator_in_a_segment_is_refused():
    documents = told(interchange().replace(b"*125*100*5*", b"*125.00*100*5*"))
    documents[0]["groups"][0]["transactions"][0]["segments"][1][2] = "A~B"
    with pytest.raises(NotWritable):
        b"".join(from_typed_json(documents))


def _bare(data):
    """Leave out what stands between segments: blanks and line breaks have no place in JSON."""
    return b"".join(data.split())


@pytest.mark.parametrize("path", corpus_files(), ids=lambda one: one.name[-60:])
def test_every_public_file_comes_back(path):
    data = path.read_bytes()
    lexer = Lexer(BytesIO(data))
    lost = {"input-cut", "not-x12", "text-after-interchange", "isa-malformed", "not-utf8"}
    returned = back(data)
    for _ in lexer.batches():
        pass
    if not lost & {one.rule_id for one in lexer.findings}:
        assert _bare(returned) == _bare(data.removeprefix(b"\xef\xbb\xbf").strip(b"\x1a"))
