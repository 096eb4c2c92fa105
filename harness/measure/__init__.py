"""Measuring: the conductor, and the child processes that it drives."""
