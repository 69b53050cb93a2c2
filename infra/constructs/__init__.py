"""One capability per file: its functions, queues and grants side by side."""
