"""The event log: topics of partitions of records, appended durably, read from any position, kept for ever."""
