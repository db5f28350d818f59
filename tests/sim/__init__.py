"""A deterministic simulator over the real code: many machines and a server in one process, one seed (sync.md C)."""
