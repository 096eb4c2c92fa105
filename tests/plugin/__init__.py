"""The pytest plugin, in sessions of its own: each is a real pytest in a process for itself."""
