"""Rules of money: the accounts, and what a charge, an answer or a PLB posts to them."""
