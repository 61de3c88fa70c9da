"""Plain ASGI layers around the application, outermost first: request context, origins, packing, host names."""
