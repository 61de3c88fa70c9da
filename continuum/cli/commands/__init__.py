"""One module for each subcommand; each holds its click command as `command`."""
