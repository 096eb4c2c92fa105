"""The independent count: a hook in CPython's allocator API, to hold memray's counts against."""
