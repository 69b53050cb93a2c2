// An HTTP proxy between a browser and everything else, whose line can be cut in the middle of a part.
import { createServer, request as ask } from 'node:http';

const HELD_AT_BYTES = 1_000_000; // so much of a part has been passed on when it is held

export class BreakingProxy {
  #server = createServer((request, response) => this.#pass(request, response));
  #sockets = new Set();
  #broken = false;
  #stored = 0;
  #hold = Infinity;
  held = 0;

  constructor() {
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  async listen() {
    await new Promise((ready) => this.#server.listen(0, '127.0.0.1', ready));
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Later PUTs than so many stored ones get stuck after their first bytes. */
  holdAfter(stored) {
    this.#hold = stored;
  }

  cut() {
    this.#broken = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend() {
    this.#broken = false;
    this.#hold = Infinity;
  }

  close() {
    this.cut();
    this.#server.close();
  }

  #pass(request, response) {
    if (this.#broken) return request.socket.destroy();
    const { hostname, port, pathname, search } = new URL(request.url);
    const { method, headers } = request;
    const onward = ask({ host: hostname, port, path: pathname + search, method, headers }, (answer) => {
      if (method === 'PUT' && answer.statusCode === 200) this.#stored += 1;
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    let passed = 0;
    request.on('data', (chunk) => {
      passed += chunk.length;
      if (method !== 'PUT' || this.#stored < this.#hold || passed < HELD_AT_BYTES) return;
      request.unpipe(onward);
      request.pause();
      this.held += 1;
    });
    request.pipe(onward);
  }
}
