// Plays one stream to its end in headless Chromium and prints what happened as JSON.
// node players.mjs CHROMIUM NODE_MODULES PLAYER URL SCREENSHOT
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [chromium, modules, player, url, screenshot] = process.argv.slice(2);
const { chromium: browserType } = createRequire(join(modules, 'x.js'))('playwright-core');

const SCRIPTS = {
  'hls.js': 'hls.js/dist/hls.min.js',
  'shaka-player': 'shaka-player/dist/shaka-player.compiled.js',
  'dashjs': 'dashjs/dist/modern/umd/dash.all.min.js',
};
const PAGE = '<!doctype html><link rel="icon" href="data:,"><video muted width="640"></video><script src="/player.js"></script>';
const DEADLINE_MS = 60_000;
const SPEED = 4;

const server = createServer(async (request, response) => {
  const script = request.url === '/player.js';
  response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html' });
  response.end(script ? await readFile(join(modules, SCRIPTS[player])) : PAGE);
});
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));

async function play({ player, url, deadline, speed }) {
  const video = document.querySelector('video');
  const errors = [];
  if (player === 'hls.js') {
    const hls = new Hls();
    hls.on(Hls.Events.ERROR, (_, data) => errors.push(`${data.type} ${data.details}`));
    hls.loadSource(url);
    hls.attachMedia(video);
  } else if (player === 'shaka-player') {
    const shakaPlayer = new shaka.Player();
    await shakaPlayer.attach(video);
    shakaPlayer.addEventListener('error', (event) => errors.push(`shaka ${event.detail.code}`));
    await shakaPlayer.load(url).catch((error) => errors.push(`shaka ${error.code}`));
  } else {
    const dash = dashjs.MediaPlayer().create();
    dash.on('error', (event) => errors.push(`dash.js ${event.error?.message}`));
    dash.initialize(video, url, true);
  }
  await video.play().catch((error) => errors.push(String(error)));
  video.playbackRate = speed;
  await new Promise((done) => {
    video.addEventListener('ended', done);
    setTimeout(done, deadline);
  });
  return {
    ended: video.ended,
    duration: video.duration,
    position: video.currentTime,
    height: video.videoHeight,
    audioBytes: video.webkitAudioDecodedByteCount,
    errors,
  };
}

const browser = await browserType.launch({
  executablePath: chromium,
  args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
});
const page = await browser.newPage();
const refused = [];
page.on('response', (response) => response.status() >= 400 && refused.push(`${response.status()} ${new URL(response.url()).pathname}`));
page.on('requestfailed', (request) => refused.push(`${request.failure().errorText} ${new URL(request.url()).pathname}`));
await page.goto(`http://127.0.0.1:${server.address().port}/`);
const seen = await page.evaluate(play, { player, url, deadline: DEADLINE_MS, speed: SPEED });
await page.screenshot({ path: screenshot });
console.log(JSON.stringify({ ...seen, refused }));
await browser.close();
server.close();
