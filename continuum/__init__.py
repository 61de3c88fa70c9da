"""CONTINUUM: memory for AI agents."""
