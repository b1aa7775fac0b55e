"""MLLP framing: frames come out the same however packets cut them."""

from hypothesis import given
from hypothesis import strategies as st

from coding_svc.codec.mllp import Frame, Framer, framed

ONE, TWO = b"MSH|^~\\&|one\r", b"MSH|^~\\&|two\r"


def fed(*packets: bytes, bytes_max: int = 1_000) -> list[Frame]:
    framer = Framer(bytes_max)
    return [frame for packet in packets for frame in framer.feed(packet)]


def test_two_messages_in_one_packet_are_two_frames():
    assert fed(framed(ONE) + framed(TWO)) == [Frame(ONE), Frame(TWO)]


def test_an_end_block_split_over_packets_ends_the_frame():
    data = framed(ONE)
    assert fed(data[:-1], data[-1:]) == [Frame(ONE)]
    assert fed(data[:-2], data[-2:-1], data[-1:]) == [Frame(ONE)]


def test_bytes_between_frames_are_dropped_and_counted():
    framer = Framer()
    assert framer.feed(b"\r\n\r\n" + framed(ONE) + b"noise" + framed(TWO)) == [
        Frame(ONE),
        Frame(TWO),
    ]
    assert framer.dropped_count == 9
    assert not framer.inside


def test_a_start_block_inside_a_frame_gives_the_first_one_up():
    assert fed(b"\x0bMSH|half" + framed(TWO)) == [Frame(b"MSH|half", "start-inside"), Frame(TWO)]


def test_an_end_block_without_its_carriage_return_ends_before_the_next_frame():
    assert fed(b"\x0b" + ONE + b"\x1c" + framed(TWO)) == [Frame(ONE), Frame(TWO)]


def test_a_lone_file_separator_is_data():
    assert fed(framed(b"a\x1cb")) == [Frame(b"a\x1cb")]


def test_a_frame_at_the_limit_is_whole_and_one_byte_more_is_too_large():
    assert fed(framed(b"x" * 1_000)) == [Frame(b"x" * 1_000)]
    assert fed(framed(b"x" * 1_001)) == [Frame(b"x" * 1_001, "too-large")]


def test_a_giant_frame_is_said_once_held_in_little_memory_and_passed_over():
    framer = Framer(bytes_max=10_000)
    frames = framer.feed(b"\x0bMSH|^~\\&|big")
    for _ in range(1_000):
        frames += framer.feed(b"y" * 10_000)
        assert len(framer._buffer) <= 20_002
    frames += framer.feed(b"\x1c\r" + framed(TWO))
    assert [frame.broken for frame in frames] == ["too-large", ""]
    assert frames[0].content.startswith(b"MSH|^~\\&|big")
    assert len(frames[0].content) == 4_096
    assert frames[1] == Frame(TWO)


def test_a_start_block_ends_a_giant_frame_too():
    frames = fed(b"\x0b" + b"y" * 2_000, framed(TWO))
    assert [frame.broken for frame in frames] == ["too-large", ""]


PIECES = st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\x1c\r", b"MSH|", b"x", b"y" * 60])


@given(st.lists(PIECES, max_size=30), st.data())
def test_how_packets_cut_the_stream_changes_nothing(pieces, data):
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    packets = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = fed(stream, bytes_max=50)
    parts = fed(*packets, bytes_max=50)
    assert [f.broken for f in parts] == [f.broken for f in whole]
    good = [f.content for f in whole if not f.broken]
    assert [f.content for f in parts if not f.broken] == good


@given(st.lists(st.binary(max_size=40).filter(lambda b: b"\x0b" not in b and b"\x1c" not in b)))
def test_every_message_comes_out_as_it_went_in(messages):
    assert fed(b"".join(map(framed, messages))) == [Frame(m) for m in messages]
