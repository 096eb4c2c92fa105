"""The commands of ``awaitbench``, one a file; the first line of each is its help."""
