"""Answers that several functions give: what is shown of a resource, mapped by hand from the domain."""
