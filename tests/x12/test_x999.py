import pytest

from rcm.x12 import ta1, x835, x999
from rcm.x12.x999 import Context, ElementError, SegmentError
from x12_cases import BODY_835, an_envelope, changed, interchange

CLP, SVC = BODY_835[13], BODY_835[20]


def answer(data, **options):
    reading = x835.read(data)
    (one,) = reading.reader.interchanges
    return ta1.acknowledge(one, reading.findings), x999.acknowledge(
        one, reading.findings, **options
    )


def three(*bodies):
    """Transactions of one group, with ST02 counted."""
    transactions = []
    for number, body in enumerate(bodies, start=1):
        one = interchange(body, st=f"ST*835*{number:04d}")
        transactions.append(one[one.index(b"ST*") : one.index(b"GE*")])
    whole = interchange()
    head, tail = whole[: whole.index(b"ST*")], whole[whole.index(b"GE*") :]
    return head + b"".join(transactions) + tail.replace(b"GE*1", b"GE*%d" % len(bodies))


BROKEN = changed(CLP, CLP.replace("*1*125", "*77*125"))


def test_a_good_file_is_accepted():
    interchange_answer, (group,) = answer(interchange())
    assert (interchange_answer.status_code, interchange_answer.note_code) == ("A", "000")
    assert (group.group_code, group.group_control_number) == ("HP", "7")
    assert group.version == "005010X221A1"
    assert group.status_code == "A"
    assert (group.included_count, group.received_count, group.accepted_count) == (1, 1, 1)
    (transaction,) = group.transactions
    assert (transaction.transaction_control_number, transaction.status_code) == ("0001", "A")


def test_a_wrong_code_rejects_its_transaction_and_says_where():
    _, (group,) = answer(interchange(BROKEN))
    assert group.status_code == "R"
    (transaction,) = group.transactions
    assert (transaction.status_code, transaction.error_codes) == ("R", ("5",))
    assert transaction.segments == (
        SegmentError(
            segment_id="CLP",
            position=15,
            loop_id="2100",
            error_code="8",
            contexts=(Context(name="CLP01", reference_number="C-1001"),),
            elements=(
                ElementError(element=2, element_reference="1029", error_code="7", value="77"),
            ),
        ),
    )


def test_values_are_kept_back_when_asked():
    _, (group,) = answer(interchange(BROKEN), give_values=False)
    assert group.transactions[0].segments[0].elements[0].value == ""


def test_a_group_with_good_and_bad_is_partly_accepted():
    _, (group,) = answer(three(BODY_835, BROKEN, BODY_835))
    assert [one.status_code for one in group.transactions] == ["A", "R", "A"]
    assert group.status_code == "P"
    assert (group.included_count, group.received_count, group.accepted_count) == (3, 3, 2)


def test_tolerated_errors_accept_with_errors():
    _, (group,) = answer(interchange(BROKEN), tolerated=frozenset({"code-not-in-guide"}))
    assert group.status_code == "E"
    assert group.accepted_count == 1
    assert group.transactions[0].status_code == "E"
    assert group.transactions[0].segments


def test_a_missing_segment_is_code_3_and_a_missing_loop_i7():
    _, (group,) = answer(interchange(changed(BODY_835[9], None)))
    (segment,) = group.transactions[0].segments
    assert (segment.segment_id, segment.error_code, segment.loop_id) == ("PER", "3", "1000A")


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [(b"SE*49", b"SE*48", ("4",)), (b"*0001~GE", b"*0009~GE", ("3",))],
)
def test_a_trailer_that_does_not_fit_rejects_the_transaction(old, new, codes):
    _, (group,) = answer(interchange().replace(old, new))
    (transaction,) = group.transactions
    assert (transaction.status_code, transaction.error_codes) == ("R", codes)


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [(b"GE*1*7", b"GE*2*7", ("5",)), (b"GE*1*7", b"GE*1*8", ("4",)), (b"GE*1*7~", b"", ("3",))],
)
def test_a_group_whose_trailer_does_not_fit_is_rejected_whole(old, new, codes):
    _, (group,) = answer(interchange().replace(old, new))
    assert (group.status_code, group.error_codes) == ("R", codes)
    assert group.transactions == ()
    assert group.accepted_count == 0


def test_another_version_is_rejected_by_the_group():
    _, (group,) = answer(interchange().replace(b"005010X221A1", b"004010X091A1"))
    assert (group.status_code, group.error_codes) == ("R", ("2",))


@pytest.mark.parametrize(
    ("old", "new", "status", "note"),
    [
        (b"IEA*1*000000042", b"IEA*1*000000043", "R", "001"),
        (b"IEA*1*000000042", b"IEA*2*000000042", "E", "021"),
        (b"IEA*1*000000042~", b"", "R", "023"),
    ],
)
def test_a_ta1_answers_the_envelope(old, new, status, note):
    found, _ = answer(interchange().replace(old, new))
    assert (found.status_code, found.note_code) == (status, note)
    assert (found.interchange_date, found.interchange_time) == ("260302", "1200")


def test_balances_and_codes_are_not_for_the_999():
    reading = x835.read(interchange(changed(SVC, SVC.replace("*100*", "*99*"))))
    findings = [*reading.findings, *x835.check(reading.remittances[0])]
    (group,) = x999.acknowledge(reading.reader.interchanges[0], findings)
    assert group.status_code == "A"
    strict = frozenset({1, 2, 3})
    (group,) = x999.acknowledge(reading.reader.interchanges[0], findings, levels=strict)
    assert group.status_code == "R"


def test_an_acknowledgment_is_never_acknowledged():
    data = x999.write(answer(interchange())[1], an_envelope())
    reading = x999.read(data)
    assert reading.findings == ()
    assert x999.acknowledge(reading.reader.interchanges[0], reading.findings) == ()


@pytest.mark.parametrize("body", [BODY_835, BROKEN, changed(BODY_835[9], None)])
def test_what_is_written_is_read_again_without_a_finding(body):
    _, groups = answer(three(BODY_835, body))
    reading = x999.read(x999.write(groups, an_envelope()))
    assert reading.findings == ()
    (again,) = reading.acknowledgments
    assert again.transactions == groups[0].transactions
    assert again.status_code == groups[0].status_code


def test_a_ta1_is_written_and_read_again():
    found, _ = answer(interchange().replace(b"IEA*1*000000042~", b""))
    data = ta1.write([found], an_envelope())
    assert data.endswith(b"TA1*000000042*260302*1200*R*023~IEA*0*000000042~")
    reading = x999.read(data)
    assert reading.findings == ()
    assert ta1.read(reading.reader.interchanges[0]) == (found,)


def test_every_rule_names_a_code_that_its_acknowledgment_has():
    from rcm.x12 import checker, elements, envelope, lexer, set_aside
    from rcm.x12.findings import Rule

    allowed = {
        "TA1": {f"{code:03d}" for code in range(32)},
        "AK9": {*map(str, range(1, 27))},
        "IK5": {*map(str, range(1, 28)), "I5", "I6"},
        "IK3": {"1", "2", "3", "4", "5", "6", "7", "8", "I4", "I6", "I7", "I8", "I9"},
        "IK4": {*map(str, (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13)), "I6", "I9", "I10", "I11",
                "I12", "I13"},
    }  # fmt: skip
    for module in (checker, elements, envelope, lexer, set_aside):
        for value in vars(module).values():
            if isinstance(value, Rule) and value.ack[0]:
                assert value.ack[1] in allowed[value.ack[0]], value.rule_id
