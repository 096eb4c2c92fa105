"""ValueTask's rules, one behaviour per test, on asyncio and uvloop."""
