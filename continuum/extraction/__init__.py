"""What a text teaches besides its words: concepts, decisions, links between them, and echoes that teach nothing."""
