// Files on their way, with either Uppy: which upload each of them belongs to, and trying again until they are through.
import { Refused, fingerprintOf } from './slots.js';

const DELAYS_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000];

/** `tell(fileId, state, words)`: state is preparing, sending, waiting, joining, done or failed. */
export class Session {
  #slots;
  #tell;
  #attempts = new Map(); // failures in a row, by file id
  #timers = new Map();

  constructor(slots, uppyFor, tell) {
    this.#slots = slots;
    this.#tell = tell;
    this.uppy = uppyFor(slots, { autoProceed: true, restrictions: { minFileSize: 1 } });
    this.uppy.addPreProcessor((ids) => Promise.all(ids.map((id) => this.#prepare(id))));
    this.uppy.on('upload-progress', (file, progress) => this.#progressed(file, progress));
    this.uppy.on('s3-multipart:part-uploaded', (file) => this.#attempts.delete(file.id));
    this.uppy.on('upload-success', (file) => this.#arrived(file));
    this.uppy.on('upload-error', (file, error) => this.#failed(file, error));
    addEventListener('online', () => this.retryWaiting());
  }

  add(file) {
    return this.uppy.addFile({ name: file.name, type: file.type, data: file, source: 'page' });
  }

  pauseOrResume(fileId) {
    return this.uppy.pauseResume(fileId);
  }

  async cancel(fileId) {
    this.#clearTimer(fileId);
    const { uploadId } = this.uppy.getFile(fileId).meta;
    this.uppy.removeFile(fileId);
    if (uploadId) await this.#slots.abort(uploadId);
  }

  retry(fileId) {
    this.#clearTimer(fileId);
    this.uppy.retryUpload(fileId).catch(() => {}); // told by its events
  }

  retryWaiting() {
    for (const fileId of [...this.#timers.keys()]) this.retry(fileId);
  }

  /** Before Uppy sends anything: a slot for the file, or the one that it has from an earlier try or an earlier page. */
  async #prepare(fileId) {
    this.#tell(fileId, 'preparing', 'Preparing');
    try {
      const { data } = this.uppy.getFile(fileId);
      const fingerprint = await fingerprintOf(data);
      const kept = this.#slots.of(fingerprint);
      const state = kept && (await this.#slots.state(kept.uploadId));
      if (kept && state !== 'open' && state !== 'complete') this.#slots.forget(kept.uploadId);
      const resumed = state === 'open' || state === 'complete';
      const { uploadId } = resumed ? kept : await this.#slots.reserve(data, fingerprint);
      const file = this.uppy.getFile(fileId);
      if (!file) return this.#slots.abort(uploadId); // cancelled meanwhile
      this.uppy.setFileMeta(fileId, { uploadId });
      // Both majors list what is stored before they send when a file has this; neither does without it.
      if (resumed) this.uppy.setFileState(fileId, { s3Multipart: { uploadId, key: uploadId } });
      if (state === 'complete') this.uppy.emit('upload-success', this.uppy.getFile(fileId), { status: 200, body: {} });
    } catch (error) {
      if (this.uppy.getFile(fileId)) this.uppy.emit('upload-error', this.uppy.getFile(fileId), error);
    }
  }

  #progressed(file, { bytesUploaded, bytesTotal }) {
    if (this.uppy.getFile(file.id)?.isPaused) return; // of a part that was being stopped
    if (bytesUploaded < bytesTotal) this.#tell(file.id, 'sending', 'Sending');
    else this.#tell(file.id, 'joining', 'All sent; the parts are being joined');
  }

  #arrived(file) {
    this.#slots.forget(file.meta.uploadId);
    this.#tell(file.id, 'done', 'Uploaded');
  }

  #failed(file, error) {
    const attempts = (this.#attempts.get(file.id) ?? 0) + 1;
    this.#attempts.set(file.id, attempts);
    if (error instanceof Refused && error.status < 500 && error.status !== 429 && error.status !== 409) {
      this.#tell(file.id, 'failed', error.message);
    } else if (!navigator.onLine) {
      this.#tell(file.id, 'waiting', 'No connection; goes on by itself when there is one');
      this.#timers.set(file.id, 0);
    } else if (attempts > DELAYS_MS.length) {
      this.#tell(file.id, 'failed', `Gave up after ${attempts} tries: ${error.message}. What was sent is kept.`);
    } else {
      const delay = DELAYS_MS[attempts - 1];
      this.#tell(file.id, 'waiting', `Connection lost; tries again in ${delay / 1000} s`);
      this.#timers.set(file.id, setTimeout(() => this.retry(file.id), delay));
    }
  }

  #clearTimer(fileId) {
    clearTimeout(this.#timers.get(fileId));
    this.#timers.delete(fileId);
  }
}
