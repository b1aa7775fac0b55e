"""From and to the formats of others: claim contents to 837, and TA1, 999 and 277CA to answers."""
