"""The composition root: one function per deployable wires its use cases to adapters. Called on first use, never at import."""
