"""One repository for each table; they exist only inside a unit of work."""
