"""What the simulator must not forget: interchanges taken, claims, what is due, the mailboxes.

One SQLite file and one thread that uses it. An interchange is durable before its sender hears so;
answering it is a step of its own, repeated after a crash until it is done.
"""

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec

from payer_sim.adjudicate import Taken, crossed_over, has_second_round
from payer_sim.answer import Answer, Sighting, answer, line_fault, numbers_of
from payer_sim.remit import Due, Forward, payments_of, remittance_files
from payer_sim.scenarios import Rules
from rcm.platform.clearinghouse.port import Kind
from rcm.x12 import x835

_SCHEMA: Final = """
create table if not exists counter(name text primary key, value integer not null) without rowid;
create table if not exists interchange(
  box text, sender text, receiver text, number text, sha256 text not null, data blob,
  primary key(box, sender, receiver, number)) without rowid;
create index if not exists interchange_waiting on interchange(box) where data is not null;
create table if not exists claim(
  box text, claim_id text, was_accepted integer not null, primary key(box, claim_id)
) without rowid;
create table if not exists due(
  box text, payer_number text, stage text not null, due_at real, taken blob not null,
  primary key(box, payer_number)) without rowid;
create index if not exists due_by_time on due(due_at) where due_at is not null;
create table if not exists forward(
  box text, payer_id text, payee_npi text, trace_number text, amount_cents integer,
  primary key(box, payer_id, payee_npi, trace_number)) without rowid;
create table if not exists mail(
  box text, name text, kind text not null, place integer not null, due_at real not null,
  data blob not null, primary key(box, name)) without rowid;
create index if not exists mail_by_place on mail(box, kind, place);
"""

_DUE_MAX: Final = 2_000


class Timing(NamedTuple):
    """How long the payer takes.

    Attributes:
        remit_after_s: From taking a claim to its 835.
        rethink_after_s: From the first 835 to the reversal and correction.
        late_277ca_s: How much later a 277CA comes that is to come after the 835.
    """

    remit_after_s: float = 1.0
    rethink_after_s: float = 1.0
    late_277ca_s: float = 3.0


class Item(NamedTuple):
    """A file that waits in a mailbox."""

    name: str
    kind: Kind


class Book:
    """The simulator's memory. Every method is one transaction; call them from one thread."""

    def __init__(self, path: Path | None, rules: Rules, timing: Timing) -> None:
        """Open the file, or keep everything in memory without one."""
        self._db = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False
        )
        self._db.executescript(f"pragma journal_mode=wal; pragma synchronous=normal;{_SCHEMA}")
        self._rules = rules
        self._timing = timing
        row = self._db.execute("select value from counter where name = 'number'").fetchone()
        self._number: int = row[0] if row is not None else 0

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def fault(self, box: str, data: bytes) -> str:
        """Tell what is to happen to the request that brings an interchange."""
        return line_fault(data, self._rules, lambda claim_id: self._look(box, claim_id))

    def mark_seen(self, box: str, data: bytes) -> None:
        """Remember that the claims of a refused interchange were met, so that it is once only."""
        met = answer(
            data,
            box,
            Rules(),
            lambda _: Sighting(),
            datetime.now(UTC),
            lambda: 1,
        )
        with self._db:
            self._db.execute("begin immediate")
            self._see(box, met.seen)

    def take(self, box: str, data: bytes) -> Literal["taken", "again", "number-reused", "not-x12"]:
        """Store an interchange durably; the same number with the same bytes is taken once."""
        sender, receiver, number = numbers_of(data)
        if not number:
            return "not-x12"
        digest = hashlib.sha256(data).hexdigest()
        key = (box, sender, receiver, number)
        with self._db:
            self._db.execute("begin immediate")
            row = self._db.execute(
                "select sha256 from interchange"
                " where box = ? and sender = ? and receiver = ? and number = ?",
                key,
            ).fetchone()
            if row is not None:
                return "again" if row[0] == digest else "number-reused"
            self._db.execute(
                "insert into interchange values (?, ?, ?, ?, ?, ?)", (*key, digest, data)
            )
        return "taken"

    def has(self, box: str, sender: str, receiver: str, number: str) -> bool:
        """Tell whether an interchange had arrived."""
        row = self._db.execute(
            "select 1 from interchange"
            " where box = ? and sender = ? and receiver = ? and number = ?",
            (box, sender, receiver, number),
        ).fetchone()
        return row is not None

    def answer_next(self, now: datetime) -> bool:
        """Answer the oldest interchange that is not answered; tell whether there was one."""
        row = self._db.execute(
            "select box, sender, receiver, number, data from interchange"
            " where data is not null limit 1"
        ).fetchone()
        if row is None:
            return False
        box, data = row[0], row[4]
        given = answer(
            data, box, self._rules, lambda one: self._look(box, one), now, self._next_number
        )
        with self._db:
            self._db.execute("begin immediate")
            self._see(box, given.seen)
            self._accept(box, given, now)
            for file in given.files:
                later = self._timing.late_277ca_s if file.is_late else 0.0
                self._post(box, file.kind, file.data, now + timedelta(seconds=later))
            self._db.execute(
                "update interchange set data = null"
                " where box = ? and sender = ? and receiver = ? and number = ?",
                row[:4],
            )
            self._keep_number()
        return True

    def remit(self, now: datetime) -> int:
        """Write the 835s of what is due; give how many claims they answer."""
        rows = self._db.execute(
            "select box, payer_number, stage, taken from due"
            " where due_at <= ? order by due_at, box, payer_number limit ?",
            (now.timestamp(), _DUE_MAX),
        ).fetchall()
        if not rows:
            return 0
        due = [self._due(row) for row in rows]
        forwards = [Forward(*row) for row in self._db.execute("select * from forward")]
        files = remittance_files(due, forwards, self._rules, now, self._next_number)
        with self._db:
            self._db.execute("begin immediate")
            for file in files:
                for _ in range(file.copies):
                    self._post(file.box, "835", file.data, now)
                if file.closed is not None:
                    self._db.execute(
                        "delete from forward where box = ? and payer_id = ?"
                        " and payee_npi = ? and trace_number = ?",
                        file.closed[:4],
                    )
                if file.opened is not None:
                    self._db.execute("insert into forward values (?, ?, ?, ?, ?)", file.opened)
            again = now.timestamp() + self._timing.rethink_after_s
            self._db.executemany(
                "update due set stage = ?, due_at = ? where box = ? and payer_number = ?",
                [(*_next_stage(one, again), one.taken.box, one.taken.payer_number) for one in due],
            )
            self._keep_number()
        return len(due)

    def waiting(self, box: str, kinds: Sequence[str], limit: int, now: datetime) -> list[Item]:
        """List what waits in a mailbox, oldest first."""
        marks = ", ".join("?" * len(kinds))
        rows = self._db.execute(
            f"select name, kind from mail where box = ? and kind in ({marks})"  # noqa: S608 - only question marks are put in
            " and due_at <= ? order by place limit ?",
            (box, *kinds, now.timestamp(), limit),
        )
        return [Item(*row) for row in rows]

    def fetch(self, box: str, name: str) -> bytes | None:
        """Read a file of a mailbox; None for none."""
        row = self._db.execute(
            "select data from mail where box = ? and name = ?", (box, name)
        ).fetchone()
        return bytes(row[0]) if row is not None else None

    def remove(self, box: str, name: str) -> None:
        """Take a file out of a mailbox; it may be gone already."""
        self._db.execute("delete from mail where box = ? and name = ?", (box, name))

    def counts(self) -> dict[str, int]:
        """Count what is there, for whoever watches."""
        names = ("interchange", "claim", "due", "forward", "mail")
        found = {
            name: int(self._db.execute(f"select count(*) from {name}").fetchone()[0])  # noqa: S608 - our own names
            for name in names
        }
        open_count = "select count(*) from due where due_at is not null"
        return {**found, "unanswered": int(self._db.execute(open_count).fetchone()[0])}

    def _look(self, box: str, claim_id: str) -> Sighting:
        row = self._db.execute(
            "select was_accepted from claim where box = ? and claim_id = ?", (box, claim_id)
        ).fetchone()
        return Sighting() if row is None else Sighting(was_seen=True, was_accepted=bool(row[0]))

    def _see(self, box: str, claim_ids: Sequence[str]) -> None:
        self._db.executemany(
            "insert into claim values (?, ?, 0) on conflict do nothing",
            [(box, claim_id) for claim_id in claim_ids],
        )

    def _accept(self, box: str, given: Answer, now: datetime) -> None:
        due_at = now.timestamp() + self._timing.remit_after_s
        self._db.executemany(
            "update claim set was_accepted = 1 where box = ? and claim_id = ?",
            [(box, taken.claim_id) for taken in given.taken],
        )
        self._db.executemany(
            "insert into due values (?, ?, 'first', ?, ?) on conflict do nothing",
            [
                (
                    box,
                    taken.payer_number,
                    now.timestamp() if taken.scenario == "835-before-277ca" else due_at,
                    msgspec.json.encode(taken),
                )
                for taken in given.taken
            ],
        )

    def _due(self, row: tuple[str, str, Literal["first", "second"], bytes]) -> Due:
        box, _, stage, body = row
        taken = msgspec.json.decode(body, type=Taken)
        if stage == "second" and taken.scenario == "crossover":
            return Due(crossed_over(taken, self._rules), stage)
        return Due(taken, stage, self._earlier(box, taken) if stage == "first" else ())

    def _earlier(self, box: str, taken: Taken) -> tuple[x835.ClaimPayment, ...]:
        """Find the payments that a replacement or void takes back."""
        if taken.frequency_code == "1" or not taken.replaced_number:
            return ()
        row = self._db.execute(
            "select stage, taken from due where box = ? and payer_number = ? and due_at is null",
            (box, taken.replaced_number),
        ).fetchone()
        if row is None:
            return ()
        before = msgspec.json.decode(row[1], type=Taken)
        payments = payments_of(Due(before, row[0]), self._rules)
        return tuple(payments[-1:] if row[0] == "second" else payments)

    def _post(self, box: str, kind: Kind, data: bytes, due_at: datetime) -> None:
        place = self._next_number()
        name = f"{place:09d}.{kind}"
        self._db.execute(
            "insert into mail values (?, ?, ?, ?, ?, ?)",
            (box, name, kind, place, due_at.timestamp(), data),
        )

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _keep_number(self) -> None:
        self._db.execute(
            "insert into counter values ('number', ?)"
            " on conflict do update set value = excluded.value",
            (self._number,),
        )


def _next_stage(one: Due, again: float) -> tuple[str, float | None]:
    if one.stage == "first" and has_second_round(one.taken) and one.taken.frequency_code != "8":
        return "second", again
    return one.stage, None
