// What this page knows about its uploads: the API's slots, their tokens, and which file each of them belongs to.
// It outlives a reload in localStorage. The API key stays with the page's server; a token opens one upload only.

const FRESH_MS = 60_000; // a token this close to its end is replaced before it is used
const POLL_MS = 2_000;
const SAMPLE = 64 * 1024;

/** A request that was answered with a refusal: asking again the same way will not help. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code;
  }
}

export class Slots {
  #api;
  #storage;
  #slots = new Map(); // by upload id

  constructor(api, storage) {
    this.#api = api;
    this.#storage = storage;
    for (const key of Object.keys(storage).filter((name) => name.startsWith(this.#prefix))) {
      const slot = JSON.parse(storage.getItem(key));
      this.#slots.set(slot.uploadId, slot);
    }
  }

  get #prefix() {
    return `sluice ${this.#api} `;
  }

  /** Those that a page before this one left unfinished. */
  unfinished() {
    return [...this.#slots.values()].filter((slot) => slot.fingerprint);
  }

  of(fingerprint) {
    return this.unfinished().find((slot) => slot.fingerprint === fingerprint);
  }

  /** The API's own choice; it goes by the size alone. */
  partSize(size) {
    return [...this.#slots.values()].find((slot) => slot.size === size).partSize;
  }

  async reserve(file, fingerprint) {
    const made = await askServer('/uploads', { filename: file.name, size: file.size, type: file.type });
    const slot = {
      uploadId: made.upload_id,
      partSize: made.part_size,
      filename: file.name,
      size: file.size,
      fingerprint,
      ...tokenOf(made),
    };
    this.#remember(slot);
    return slot;
  }

  /** The upload's state once nothing is being joined; undefined when there is no such upload any more. */
  async state(uploadId, signal) {
    try {
      for (;;) {
        const { state } = await this.call('GET', uploadId, '', undefined, signal);
        if (state !== 'completing') return state;
        await new Promise((again) => setTimeout(again, POLL_MS));
      }
    } catch (error) {
      if (error.status === 404) return undefined;
      throw error;
    }
  }

  async signPart(uploadId, partNumber, signal) {
    const answer = await this.call('POST', uploadId, '/parts', { part_numbers: [partNumber] }, signal);
    return answer.data[0].url;
  }

  async parts(uploadId, signal) {
    return (await this.call('GET', uploadId, '/parts', undefined, signal)).data;
  }

  /** The server lists, checks and joins the parts by itself; long files take it a while. */
  async complete(uploadId, signal) {
    const { state } = await this.call('POST', uploadId, '/complete', undefined, signal);
    const settled = state === 'completing' ? await this.state(uploadId, signal) : state;
    if (settled !== 'complete') throw new Error(`The parts could not be joined; the upload is ${settled}.`);
  }

  async abort(uploadId) {
    await this.call('DELETE', uploadId);
    this.forget(uploadId);
  }

  /** Where the API speaks S3's own XML, and the header that opens it: for Uppy 6. */
  async s3(uploadId, query) {
    return {
      url: `${this.#api}/v1/uploads/${uploadId}/s3?${query}`,
      headers: { Authorization: `Bearer ${await this.#token(uploadId)}` },
    };
  }

  forget(uploadId) {
    const slot = this.#slots.get(uploadId);
    if (!slot) return;
    this.#storage.removeItem(this.#prefix + slot.fingerprint);
    delete slot.fingerprint; // its part size and token are still asked for until the page is left
  }

  async call(method, uploadId, path = '', body = undefined, signal = undefined) {
    let answer = await this.#send(method, uploadId, path, body, signal);
    if (answer.status === 401) {
      await this.#renew(uploadId); // this machine's clock may be wrong
      answer = await this.#send(method, uploadId, path, body, signal);
    }
    return read(answer);
  }

  async #send(method, uploadId, path, body, signal) {
    const headers = { Authorization: `Bearer ${await this.#token(uploadId)}` };
    if (body) headers['Content-Type'] = 'application/json';
    return fetch(`${this.#api}/v1/uploads/${uploadId}${path}`, { method, headers, body: body && JSON.stringify(body), signal });
  }

  async #token(uploadId) {
    const slot = this.#slots.get(uploadId);
    if (Date.parse(slot.tokenExpires) - Date.now() < FRESH_MS) await this.#renew(uploadId);
    return slot.token;
  }

  async #renew(uploadId) {
    const slot = this.#slots.get(uploadId);
    Object.assign(slot, tokenOf(await askServer(`/uploads/${uploadId}/token`, {})));
    if (slot.fingerprint) this.#remember(slot);
  }

  #remember(slot) {
    this.#slots.set(slot.uploadId, slot);
    this.#storage.setItem(this.#prefix + slot.fingerprint, JSON.stringify(slot));
  }
}

/** The same file again, on another day: its name, size and date, and samples of what is in it. */
export async function fingerprintOf(file) {
  const starts = [0, Math.floor(file.size / 2), Math.max(0, file.size - SAMPLE)];
  const samples = starts.map((start) => file.slice(start, start + SAMPLE));
  const content = new Blob([JSON.stringify([file.name, file.size, file.lastModified, file.type]), ...samples]);
  const digest = await crypto.subtle.digest('SHA-256', await content.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function tokenOf(answer) {
  return { token: answer.upload_token, tokenExpires: answer.upload_token_expires_at };
}

async function askServer(path, body) {
  const headers = { 'Content-Type': 'application/json' };
  return read(await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function read(answer) {
  const text = await answer.text();
  if (answer.ok) return text ? JSON.parse(text) : undefined;
  let problem = {};
  try {
    problem = JSON.parse(text);
  } catch {
    // a gateway's own answer
  }
  throw new Refused(answer.status, problem);
}
