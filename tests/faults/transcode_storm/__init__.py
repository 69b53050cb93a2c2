"""One job's tasks, functions and rivals at once, over the real use cases: any of them may die at any call of a port."""
