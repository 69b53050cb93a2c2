"""What ministack lacks to run our synthesized templates faithfully. Runs inside the engine's own virtual environment.

One module per concern. Each names the ministack symbols it uses through `symbols.engine_module`, which stops the start
with a clear error when one is gone, and has an `install()` that puts its patch in place. Each patch has a contract test
in tests/contract/engine that fails without it.

Not offered, because nothing deployed needs it yet: signed cookies, Step Functions callbacks, JSONata, redrive and
service integrations other than ecs:runTask, lambda:invoke and DynamoDB items, `clientToken` of RunTask, SQS metrics,
dynamodb:LeadingKeys, memory limits of tasks.
"""
