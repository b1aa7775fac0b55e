"""Groupers behind interfaces: MS-DRG for an inpatient stay, HCC for a year of diagnoses."""
