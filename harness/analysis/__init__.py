"""Analysis: estimates, tables and findings, computed from records. Pure."""
