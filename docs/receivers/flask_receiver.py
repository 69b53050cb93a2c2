"""A webhook receiver for Flask: verify, store once, answer. `flask --app flask_receiver run`"""

import os
import sqlite3
from contextlib import closing

from flask import Flask, Response, request

from sluice_client import Event, VerificationFailed, verify

SECRETS = os.environ["WEBHOOK_SECRETS"].split()  # several while one is replaced
INBOX = os.environ["WEBHOOK_INBOX"]  # a file; any database with a unique key will do

with closing(sqlite3.connect(INBOX)) as database, database:
    database.execute("CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, type TEXT, body BLOB)")

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 65_536  # events have less than 20 kB


@app.post("/sluice")
def receive() -> Response:
    body = request.get_data()  # as it came: parsed and written again, it has another signature
    try:
        event = verify(request.headers, body, SECRETS)
    except VerificationFailed:
        return Response(status=401)
    store(event, body)
    return Response(status=204)  # what it means is worked out afterwards, from the inbox


def store(event: Event, body: bytes) -> None:
    """A repetition changes nothing; if this fails, the answer is a 500 and the event comes again."""
    with closing(sqlite3.connect(INBOX)) as database, database:
        database.execute("INSERT OR IGNORE INTO inbox VALUES (?, ?, ?)", (event.id, event.type, body))
