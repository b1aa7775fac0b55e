"""Event contracts: what services tell one another, how it is written on the log, and how it is
read for ever.
"""
