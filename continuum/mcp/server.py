"""`python -m continuum.mcp.server`: the memory for one client, over standard input and output.

Nothing of weight is imported here: whoever interrupts the loading is heard, and the loading is done in one go.
"""

from __future__ import annotations

import logging
import sys

from continuum.errors import ContinuumError
from continuum.mcp.loading import loading

START_FAILED = 1
INTERRUPTED = 130


def main() -> None:
    """Serve until the client leaves. A start that fails says why in one sentence on standard error."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        with loading():
            from continuum.assistants.own_store import with_own_store
            from continuum.core.config import load_settings
            from continuum.mcp.serving import serve
        serve(with_own_store(load_settings()))
    except (ContinuumError, OSError) as exc:
        sys.stderr.write(f"continuum mcp: {exc}\n")
        sys.exit(START_FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
