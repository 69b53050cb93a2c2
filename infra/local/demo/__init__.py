"""`make demo`: the main job, end to end, as a customer's application would do it."""
