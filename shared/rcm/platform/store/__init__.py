"""The store of one service: states of its streams, rows to read, and what delivery needs, in one database."""
