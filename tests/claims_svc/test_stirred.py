"""A job looks when something was recorded, and now and then anyway."""

from types import SimpleNamespace

from claims_svc.handlers import stirred
from claims_svc.handlers.stirred import Stirred


def runtime():
    return SimpleNamespace(engine=SimpleNamespace(totals=SimpleNamespace(batches=0)))


def test_a_job_looks_at_its_start_and_after_each_batch():
    running = runtime()
    asked = Stirred(running)
    assert (asked(), asked()) == (True, False)
    running.engine.totals.batches += 1
    assert (asked(), asked()) == (True, False)


def test_a_job_looks_now_and_then_for_what_another_member_left(monkeypatch):
    now = 100.0
    monkeypatch.setattr(stirred, "monotonic", lambda: now)
    asked = Stirred(runtime())
    assert asked()
    now += stirred.ANYWAY_S - 0.1
    assert not asked()
    now += 0.1
    assert asked()
