"""A typed client of the service, in two colours; httpx and websockets are imported when one is made."""

from continuum.client.doors import AsyncClient, Client
from continuum.client.records import Event

__all__ = ["AsyncClient", "Client", "Event"]
