"""The pytest plugin: gates on allocations, and a fixture that verifies a scenario.

Every session of everyone who has awaitbench installed imports this package and
:mod:`harness.testing.plugin`: what measures is imported when a marked test runs.
"""
