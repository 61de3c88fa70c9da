"""Plain ASGI layers around the application.

Outermost first: HEAD, request context, metrics, analytics, host names, origins, packing.
"""
