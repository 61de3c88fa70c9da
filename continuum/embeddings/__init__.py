"""Texts as vectors: providers behind one interface, and search by meaning."""
