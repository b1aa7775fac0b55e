"""The event log: topics of partitions of records, appended durably and kept for ever."""
