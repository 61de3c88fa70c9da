"""Numbers of the specification that are not settings."""

PI_PHI = 5.083203692315260
"""π×φ, the constant that a federation newcomer's handshake is bound to. It proves nothing about anyone."""

DEFAULT_TENANT = "default"
DEFAULT_PORT = 8420
CONTEXT_TAG = "continuum-memory"
