"""What can be seen of the running service: metrics, logs, errors, traces and use; nothing of what is remembered."""
