"""A payer and a clearinghouse that answer 837 files, for tests and demonstrations."""
