"""Values, parameters, registry, hooks and errors. Imports nothing else of Second Look."""
