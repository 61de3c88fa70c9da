"""Composes the service from its settings, and closes it in reverse order."""
