"""Parts of pages: each draws one thing from values and state."""
