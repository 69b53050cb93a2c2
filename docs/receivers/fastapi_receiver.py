"""A webhook receiver for FastAPI: verify, store once, answer. `uvicorn fastapi_receiver:app`"""

import os
import sqlite3
from contextlib import closing

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from sluice_client import Event, VerificationFailed, verify

SECRETS = os.environ["WEBHOOK_SECRETS"].split()  # several while one is replaced
INBOX = os.environ["WEBHOOK_INBOX"]  # a file; any database with a unique key will do

with closing(sqlite3.connect(INBOX)) as database, database:
    database.execute("CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, type TEXT, body BLOB)")

app = FastAPI()


@app.post("/sluice")
async def receive(request: Request) -> Response:
    body = await request.body()  # as it came: parsed and written again, it has another signature
    try:
        event = verify(request.headers, body, SECRETS)
    except VerificationFailed:
        return Response(status_code=401)
    await run_in_threadpool(store, event, body)
    return Response(status_code=204)  # what it means is worked out afterwards, from the inbox


def store(event: Event, body: bytes) -> None:
    """A repetition changes nothing; if this fails, the answer is a 500 and the event comes again."""
    with closing(sqlite3.connect(INBOX)) as database, database:
        database.execute("INSERT OR IGNORE INTO inbox VALUES (?, ?, ?)", (event.id, event.type, body))
