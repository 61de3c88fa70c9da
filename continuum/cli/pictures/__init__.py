"""Pictures of the concept graph: for a browser, for a document, for Graphviz."""
