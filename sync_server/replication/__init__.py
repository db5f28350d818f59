"""Replication core: pure functions over changesets, clocks and merges. No I/O, imports nothing of ours."""
