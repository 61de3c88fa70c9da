"""Assistants on this machine: where each keeps its configuration, and what they tell through their hooks."""
