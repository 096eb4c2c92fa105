"""Against: the user's code at another commit, measured beside the code as it is now."""
