"""Measures what the product claims; each part prints a table and adds to one JSON file."""
