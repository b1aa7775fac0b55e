"""One claim's life, folded from every service's events: where it is, why, and where the money went.

Pure, and tolerant of order across topics: a remittance may be folded before the submission that it
answers. `claim.py` says where a claim stands, `steps.py` says what happened in words, `life.py`
puts both together for one claim from the log alone.
"""

from rcm.lifecycle.claim import Claim, Denial, Money, fold_claim
from rcm.lifecycle.life import Life, in_order, life_of, patient_disputed, related_stories
from rcm.lifecycle.steps import Step, step_of, stories

__all__ = [
    "Claim",
    "Denial",
    "Life",
    "Money",
    "Step",
    "fold_claim",
    "in_order",
    "life_of",
    "patient_disputed",
    "related_stories",
    "step_of",
    "stories",
]
