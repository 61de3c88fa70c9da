"""Plain ASGI layers around the application.

Outermost first: request context, metrics, analytics, host names, origins, packing.
"""
