"""Wiring only. Deploy order, and the one way values flow: data, delivery, pipeline, api, operations."""
