"""The same stacks on one machine: engine, adapter, command line."""
