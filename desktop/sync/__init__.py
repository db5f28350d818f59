"""The workstation's side of replication: who this machine is, what goes out, what comes in, and when."""
