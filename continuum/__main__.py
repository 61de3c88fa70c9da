"""`python -m continuum`."""

from continuum.cli.start import main

main()
