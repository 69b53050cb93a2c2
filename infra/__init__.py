"""The infrastructure as code: stacks wire, constructs hold one capability each."""
