// A page with the upload of docs/uploads.md, and its own server, in headless Chromium over a network that breaks.
// Prints what was seen as JSON.  API=… KEY=… node docs_upload.mjs CHROMIUM NODE_MODULES EXAMPLE FILE
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [chromium, modules, example, file] = process.argv.slice(2);
const { API, KEY } = process.env;
const { chromium: browserType } = createRequire(join(modules, 'x.js'))('playwright-core');

const DEADLINE_MS = 120_000;
const UPLOAD_BYTES_PER_S = 20_000_000; // slow enough that a part is always on its way
const PAGE = `<!doctype html><link rel="icon" href="data:,"><input type="file" id="file"><script type="module">
  import { upload } from './upload.js';
  window.progress = [];
  const onProgress = (share) => progress.push(share);
  document.getElementById('file').onchange = ({ target }) =>
    upload(target.files[0], { api: '${API}', onProgress }).then(
      (found) => (document.title = 'done ' + found.upload_id),
      (error) => (document.title = 'failed ' + error.message),
    );
</script>`;
const asked = []; // of the page's own server

async function own(request, response) {
  const answer = (status, type, body) => response.writeHead(status, { 'Content-Type': type }).end(body);
  if (request.url === '/') return answer(200, 'text/html', PAGE);
  if (request.url === '/upload.js') return answer(200, 'text/javascript', readFileSync(example));
  asked.push(request.url);
  let text = '';
  for await (const piece of request) text += piece;
  const body = JSON.stringify(request.url === '/uploads' ? { ...JSON.parse(text), transcode: 'none' } : {});
  const headers = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' };
  const found = await fetch(`${API}/v1${request.url}`, { method: 'POST', headers, body });
  return answer(found.status, 'application/json', await found.text());
}

const server = createServer((request, response) => own(request, response).catch((error) => response.destroy(error)));
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const browser = await browserType.launch({ executablePath: chromium, args: ['--no-sandbox'] });
const page = await browser.newPage();
page.setDefaultTimeout(DEADLINE_MS);
const network = await page.context().newCDPSession(page);
const parts = []; // [what, part number] in the order in which the browser saw it
const credentials = new Set(); // that the browser showed, without what makes them secret

const partNumber = (request) => Number(new URL(request.url()).searchParams.get('partNumber'));
const isPart = (request) => request.method() === 'PUT';
page.on('request', (request) => {
  if (isPart(request)) parts.push(['sent', partNumber(request)]);
  const shown = request.headers().authorization;
  if (shown) credentials.add(shown.slice(0, 'Bearer ut_'.length));
});
page.on('requestfailed', (request) => isPart(request) && parts.push(['lost', partNumber(request)]));
page.on('response', (response) => {
  const what = response.status() === 200 ? 'stored' : `refused ${response.status()}`;
  if (isPart(response.request())) parts.push([what, partNumber(response.request())]);
});

const setNetwork = (offline) =>
  network.send('Network.emulateNetworkConditions', {
    offline,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: UPLOAD_BYTES_PER_S,
  });
const stored = () => parts.filter(([what]) => what === 'stored').length;

async function until(look, what) {
  const end = Date.now() + DEADLINE_MS;
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${DEADLINE_MS / 1000} s; ${JSON.stringify(parts)}`);
    await new Promise((again) => setTimeout(again, 20));
  }
}

async function choose() {
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.setInputFiles('#file', file);
}

/** So many parts are stored, and others are on their way. */
const amid = (enough) => until(() => stored() >= enough && parts.at(-1)[0] === 'sent', `${enough} stored parts`);

try {
  await network.send('Network.enable');
  await setNetwork(false);
  await choose();
  await amid(2);
  await setNetwork(true);
  await until(() => parts.some(([what]) => what === 'lost'), 'the loss of what was on its way');
  const beforeCut = stored();
  await setNetwork(false);
  await amid(beforeCut + 2);
  const progress = [await page.evaluate(() => window.progress)];
  await page.evaluate(() => {
    const [[name, kept]] = Object.entries(localStorage);
    const token = JSON.parse(kept).upload_token;
    localStorage.setItem(name, kept.replace(token, token.slice(0, -43) + 'A'.repeat(43))); // as good as expired
  });
  const beforeReload = parts.length;
  await choose();
  await until(() => page.title(), 'the end');
  progress.push(await page.evaluate(() => window.progress));
  const left = await page.evaluate(() => Object.keys(localStorage));
  const seen = { title: await page.title(), parts, beforeReload, progress, left, asked, credentials: [...credentials] };
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
  server.close();
}
