// The official library of npm as a filter: one JSON object a line in, one out.
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, id, timestamp, body, headers } = JSON.parse(line);
  const webhook = new Webhook(secret);
  try {
    const done = headers ? webhook.verify(body, headers) : webhook.sign(id, new Date(timestamp * 1000), body);
    console.log(JSON.stringify({ done }));
  } catch (error) {
    console.log(JSON.stringify({ refused: error.message }));
  }
}
