"""The HTTP door: translates, and decides nothing."""
