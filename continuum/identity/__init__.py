"""Who calls and what they may do: principals, roles, API keys, tokens of issuers, and limits on how often."""
