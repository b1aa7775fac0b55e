"""The store of one service: states, rows to read, and what delivery needs, in one database."""
