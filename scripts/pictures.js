// Makes docs/pictures from a demo that runs meanwhile: the console in a Chromium, and what `keyturn status` shows at a
// terminal of 80 columns and 24 lines. Nothing in them is made up. `npm run pictures`; it takes two minutes.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { FULL } from '../dist/demo/pace.js';
import { settingsOf } from '../dist/demo/place.js';
import { smallPng } from './small-png.js';
import { terminalPage } from './terminal-page.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PICTURES = join(ROOT, 'docs', 'pictures');
const COMMAND = join(ROOT, 'dist', 'cli', 'main.js');
const SCHEMES = ['light', 'dark'];
/** As wide as README shows them, and as sharp as a screen can. */
const WIDTH = 1100;
const SHARPNESS = 1.5;
/** For the longest step of the demo, in milliseconds. */
const PATIENCE = 120_000;

/** As the demo calls its steps. */
const LATE = 'Promoting it now is refused';
const ROTATED = 'Retiring the old key now is refused';

/** Screenshots by name: to make them small takes a while, and the demo goes on. */
const shots = new Map();

mkdirSync(PICTURES, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), 'demo-'));
const demo = spawn(process.execPath, [COMMAND, 'demo', '--store', 'document'], {
  cwd: folder,
  env: { PATH: process.env.PATH, TMPDIR: folder },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const browser = await chromium.launch({
  executablePath: chromiumPath(),
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const context = await browser.newContext({
    viewport: { width: WIDTH, height: 1400 },
    deviceScaleFactor: SHARPNESS,
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const url = await opened(page);

  await page.getByText(LATE).waitFor();
  await page.getByText('late:').first().waitFor();
  await take(page, 'late-replica', 'section:has(#replicas)');

  await page.getByText(ROTATED).waitFor();
  // Both keys are seen in what was accepted.
  await page.locator('.plot .fill.active').first().waitFor();
  await page.locator('.plot .fill.retiring').first().waitFor();
  await take(page, 'rotation', '.bars');
  await takeTerminal(context);

  const signs = await page.locator('.ring .kid.active').first().innerText();
  await page.goto(new URL(`/impact?step=revoke&kid=${signs}`, url).href);
  await take(page, 'impact', 'table');

  const desk = await context.newPage();
  for (const [name, shot] of shots) writeFileSync(join(PICTURES, `${name}.png`), await smallPng(desk, shot));
} finally {
  demo.kill('SIGINT');
  await Promise.all([browser.close(), new Promise((done) => demo.once('exit', done))]);
  rmSync(folder, { recursive: true, force: true });
}

/** Opens the link that the demo prints. */
async function opened(page) {
  for await (const line of createInterface({ input: demo.stdout })) {
    const [link] = /http:\/\/127\.0\.0\.1:\d+\/\S+/.exec(line) ?? [];
    if (link === undefined) continue;
    // The demo goes on to speak.
    demo.stdout.resume();
    await page.goto(link);
    await page.waitForURL((at) => at.pathname === '/');
    return link;
  }
  throw new Error('the demo has ended, and has printed no link');
}

/** @param last what is seen last: the rest of the page is left out */
async function take(page, name, last) {
  const { y, height } = await page.locator(last).first().boundingBox();
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    const clip = { x: 0, y: 0, width: WIDTH, height: Math.ceil(y + height + 12) };
    shots.set(`${name}-${colorScheme}`, await page.screenshot({ clip, fullPage: true }));
  }
}

async function takeTerminal(context) {
  const text = atTerminal(['status']);
  const page = await context.newPage();
  for (const colorScheme of SCHEMES) {
    await page.setContent(terminalPage('keyturn status', text, colorScheme));
    shots.set(`terminal-${colorScheme}`, await page.locator('main').screenshot());
  }
  await page.close();
}

/** What a command shows at a terminal, for the keyring of the demo. */
function atTerminal(args) {
  const cwd = readdirSync(folder)
    .map((name) => join(folder, name))
    .find((path) => /keyturn-demo-/.test(path));
  const command = [process.execPath, COMMAND, ...args].map((part) => `'${part}'`).join(' ');
  const { status, stdout } = spawnSync(
    'script',
    ['--quiet', '--return', '--command', `stty cols 80 rows 24; ${command}`, '/dev/null'],
    { cwd, env: { PATH: process.env.PATH, TERM: 'xterm-256color', ...settingsOf(FULL) }, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`${args.join(' ')} returned ${status}: ${stdout}`);
  return stdout.replaceAll('\r', '');
}

function chromiumPath() {
  if (process.env.CHROMIUM_PATH !== undefined) return process.env.CHROMIUM_PATH;
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const paths = (process.env.PATH ?? '').split(delimiter);
  const found = paths.flatMap((path) => names.map((name) => join(path, name))).find(isProgram);
  if (found === undefined) throw new Error('there is no Chromium: set CHROMIUM_PATH to one');
  return found;
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
