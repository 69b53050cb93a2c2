// Drives the upload page in headless Chromium and prints what its network saw as JSON.
// node uppy.mjs CHROMIUM NODE_MODULES resume|cancel PAGE_URL FILE SCREENSHOT
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { BreakingProxy } from './breaking_proxy.mjs';

const [chromium, modules, story, url, file, screenshot] = process.argv.slice(2);
const { chromium: browserType } = createRequire(join(modules, 'x.js'))('playwright-core');

const DEADLINE_MS = 120_000;
const ENOUGH_PARTS = 3;

const line = new BreakingProxy();
const browser = await browserType.launch({
  executablePath: chromium,
  args: ['--no-sandbox'],
  proxy: { server: await line.listen(), bypass: '<-loopback>' },
});
const page = await browser.newPage({ viewport: { width: 900, height: 560 } });
page.setDefaultTimeout(DEADLINE_MS);
const parts = []; // [what, part number] in the order in which the browser saw it
const calls = []; // of the API
const errors = [];

const partNumber = (request) => Number(new URL(request.url()).searchParams.get('partNumber'));
const isPart = (request) => request.method() === 'PUT';
page.on('request', (request) => isPart(request) && parts.push(['sent', partNumber(request)]));
page.on('requestfailed', (request) => isPart(request) && parts.push(['lost', partNumber(request)]));
page.on('response', (response) => {
  const request = response.request();
  const { pathname, searchParams } = new URL(request.url());
  if (isPart(request)) parts.push([response.status() === 200 ? 'stored' : `refused ${response.status()}`, partNumber(request)]);
  else if (pathname.startsWith('/v1/')) calls.push([request.method(), pathname, [...searchParams.keys()].join(), response.status()]);
});
page.on('pageerror', (error) => errors.push(String(error)));

const has = (what) => parts.filter(([kind]) => kind === what).length;
const unfinished = () => page.evaluate(() => Object.values(localStorage).map((text) => JSON.parse(text).uploadId));

async function until(look, what) {
  const end = Date.now() + DEADLINE_MS;
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${DEADLINE_MS / 1000} s; ${JSON.stringify(parts)}`);
    await new Promise((again) => setTimeout(again, 20));
  }
}

async function choose() {
  await page.locator('html[data-ready]').waitFor();
  await page.setInputFiles('#file', file);
}

/** Some parts are stored, and at least one is half on its way and goes no further. */
async function halfway() {
  line.holdAfter(ENOUGH_PARTS);
  await choose();
  await until(() => line.held && has('stored') >= ENOUGH_PARTS, 'a part on its way');
  const [uploadId] = await unfinished();
  return uploadId;
}

async function resume() {
  const uploadId = await halfway();
  line.cut();
  await page.context().setOffline(true);
  await until(() => has('lost'), 'the loss of what was on its way');
  const offline = await page.locator('#offline').innerText();
  const beforeReload = parts.length;
  line.mend();
  await page.context().setOffline(false);
  await page.reload();
  await page.locator('#unfinished').waitFor();
  await choose();
  await page.locator('li[data-state=done]').waitFor();
  return { uploadId, offline, beforeReload, left: await unfinished() };
}

async function cancel() {
  const uploadId = await halfway();
  await page.locator('li .cancel').click();
  await until(async () => (await unfinished()).length === 0, 'the upload to be forgotten');
  return { uploadId, rows: await page.locator('li').count() };
}

try {
  await page.goto(url);
  const seen = await { resume, cancel }[story]();
  console.log(JSON.stringify({ ...seen, parts, calls, errors }));
} finally {
  await page.screenshot({ path: screenshot });
  await browser.close();
  line.close();
}
