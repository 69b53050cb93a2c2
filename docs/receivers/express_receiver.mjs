// A webhook receiver for Express: verify, store once, answer. `npm install express standardwebhooks`, Node 22.13 or newer.
import { DatabaseSync } from "node:sqlite";
import express from "express";
import { Webhook } from "standardwebhooks";

const webhooks = process.env.WEBHOOK_SECRETS.split(" ").map((secret) => new Webhook(secret)); // several while one is replaced
const database = new DatabaseSync(process.env.WEBHOOK_INBOX); // a file; any database with a unique key will do
database.exec("CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY, type TEXT, body BLOB)");
const store = database.prepare("INSERT OR IGNORE INTO inbox VALUES (?, ?, ?)"); // a repetition changes nothing

function verified(body, headers) {
  for (const webhook of webhooks) {
    try {
      return webhook.verify(body, headers); // signature, and a timestamp within five minutes
    } catch {
      // perhaps by another secret
    }
  }
}

const app = express();
// Raw: a body that is parsed and written again has another signature. Events have less than 20 kB.
app.post("/sluice", express.raw({ type: "*/*", limit: "64kb" }), (request, response) => {
  const event = Buffer.isBuffer(request.body) ? verified(request.body, request.headers) : undefined;
  if (!event) return response.sendStatus(401);
  store.run(event.id, event.type, request.body); // if this fails, the answer is a 500 and the event comes again
  response.sendStatus(204); // what it means is worked out afterwards, from the inbox
});

const server = app.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/sluice`);
});
