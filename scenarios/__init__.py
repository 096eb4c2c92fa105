"""The scenarios that awaitbench ships: one sync-or-async workload a file."""
