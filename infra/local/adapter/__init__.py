"""What ministack lacks to run our synthesized templates faithfully. Runs inside the engine's own virtual environment.

One module per concern. Each names the ministack symbols it uses through `symbols.engine_module`, which stops the start
with a clear error when one is gone, and has an `install()` that puts its patch in place.
"""
