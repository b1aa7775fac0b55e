"""Edits on a coded encounter before it is released: pure functions that return findings.

model      the encounter as the edits see it, and a finding
diagnoses  standing, age, principal, excludes1, sequence, POA, laterality
lines      procedures, modifiers, pointers, NDC, duplicates
ncci       procedure pairs and unit limits
surgery    evaluation and management beside surgery, global periods
check      all of them
"""
