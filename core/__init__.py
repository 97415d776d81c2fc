"""Values, parameters, registry, tapes and errors. Imports nothing else of Second Look."""
