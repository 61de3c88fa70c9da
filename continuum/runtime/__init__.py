"""Composes the service from its settings, and closes it in reverse order."""

from continuum.runtime.safety import is_loopback
from continuum.runtime.service import Runtime, open_runtime

__all__ = ["Runtime", "is_loopback", "open_runtime"]
