// The page itself: files in, a row for each, what happens in plain words.
import { Session } from './session.js';
import { Slots } from './slots.js';

const major = new URLSearchParams(location.search).get('uppy') === '5' ? '5' : '6';
const { uppyFor } = await import(`./with-uppy-${major}.js`);
const { api } = await (await fetch('./config.json')).json();
const slots = new Slots(api, localStorage);
const session = new Session(slots, uppyFor, tell);
const rows = new Map();
const byId = (id) => document.getElementById(id);

function tell(fileId, state, words) {
  const row = rowOf(fileId);
  row.dataset.state = state;
  row.querySelector('.words').textContent = words;
  row.querySelector('.pause').hidden = state !== 'sending' && state !== 'paused';
  row.querySelector('.pause').textContent = 'Pause';
  row.querySelector('.retry').hidden = state !== 'failed' && state !== 'waiting';
  row.querySelector('.cancel').textContent = state === 'done' ? 'Close' : 'Cancel';
  show(fileId);
}

function rowOf(fileId) {
  if (rows.has(fileId)) return rows.get(fileId);
  const row = byId('row').content.firstElementChild.cloneNode(true);
  const file = session.uppy.getFile(fileId);
  row.querySelector('.name').textContent = file.name;
  row.querySelector('.pause').onclick = () => pause(fileId);
  row.querySelector('.retry').onclick = () => session.retry(fileId);
  row.querySelector('.cancel').onclick = () => close(fileId);
  byId('rows').prepend(row);
  rows.set(fileId, row);
  return row;
}

function show(fileId) {
  const row = rows.get(fileId);
  const file = session.uppy.getFile(fileId);
  if (!row || !file) return;
  const done = row.dataset.state === 'done';
  const sent = done ? file.size : file.progress.bytesUploaded || 0;
  row.querySelector('progress').value = sent / file.size;
  row.querySelector('.amount').textContent = done ? bytes(file.size) : `${bytes(sent)} of ${bytes(file.size)}`;
}

function pause(fileId) {
  const paused = session.pauseOrResume(fileId);
  if (!paused) return tell(fileId, 'sending', 'Sending');
  tell(fileId, 'paused', 'Paused');
  rows.get(fileId).querySelector('.pause').textContent = 'Resume';
}

async function close(fileId) {
  const row = rows.get(fileId);
  rows.delete(fileId);
  row.remove();
  if (row.dataset.state === 'done') return session.uppy.removeFile(fileId);
  await session.cancel(fileId).catch((error) => notice(`It could not be cancelled: ${error.message}`));
  showUnfinished();
}

function add(files) {
  notice('');
  for (const file of files) {
    try {
      session.add(file);
    } catch (error) {
      notice(`${file.name}: ${error.message}`);
    }
  }
}

function showUnfinished() {
  const names = slots.unfinished().map((slot) => `${slot.filename} (${bytes(slot.size)})`);
  const open = [...rows.values()].length;
  byId('unfinished').hidden = !names.length || open > 0;
  byId('unfinished').textContent = `Not finished yet: ${names.join(', ')}. Choose the same file again, and only what is missing is sent.`;
}

function notice(words) {
  byId('notice').textContent = words;
}

function bytes(count) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const step = count ? Math.min(units.length - 1, Math.floor(Math.log10(count) / 3)) : 0;
  return `${(count / 1000 ** step).toFixed(step > 1 ? 1 : 0)} ${units[step]}`;
}

session.uppy.on('upload-progress', (file) => show(file.id));
session.uppy.on('file-added', () => byId('unfinished').toggleAttribute('hidden', true));
byId('file').onchange = (event) => {
  add(event.target.files);
  event.target.value = ''; // the same file can be chosen again
};
for (const kind of ['dragover', 'dragleave', 'drop']) {
  byId('drop').addEventListener(kind, (event) => {
    event.preventDefault();
    byId('drop').classList.toggle('over', kind === 'dragover');
    if (kind === 'drop') add(event.dataTransfer.files);
  });
}
for (const kind of ['online', 'offline']) addEventListener(kind, () => (byId('offline').hidden = navigator.onLine));
byId(`uppy-${major}`).setAttribute('aria-current', 'page');
showUnfinished();
document.documentElement.dataset.ready = major;
