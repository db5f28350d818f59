"""The sync server and the replication core that both sides share."""
