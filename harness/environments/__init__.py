"""Environments: for each interpreter that measures, one of its own, made once and kept."""
