"""What an auditor asks for: who did what, shown by a chain that cannot be changed unseen."""
