"""awaitbench: what a sync-or-async call costs in asyncio, by the strategy that answers it.

The names that a scenario's author imports; importing them loads neither pandas nor
matplotlib, pyperf or memray.
"""
