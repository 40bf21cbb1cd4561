// A real Chromium for the tests: the one that is there, else Debian's package, else none and a word on how to get it.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const PLACES = [
  '/snap/bin/chromium',
  '/usr/lib/chromium/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const INSTALL_LIMIT_MS = 300_000;

/** Quiet, and nothing on the network but what the tests ask for. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const HOW =
  'set CHROMIUM_PATH to a Chromium, or install one: apt-get install chromium (Debian, as root), brew install chromium (macOS)';

/** The program; undefined, with a word about it, where there is none and none can be had. */
export const CHROMIUM: string | undefined = find();

export async function launch(): Promise<Browser> {
  // Where the surroundings name no locale, Chromium saves files with other letters than ASCII as "download".
  const env = { ...process.env, LC_ALL: 'C.UTF-8' } as Record<string, string>;
  return await chromium.launch({ executablePath: CHROMIUM as string, args: FLAGS, env, timeout: 240_000 });
}

function find(): string | undefined {
  const { CHROMIUM_PATH, PATH = '' } = process.env;
  if (CHROMIUM_PATH !== undefined) {
    if (isProgram(CHROMIUM_PATH)) return CHROMIUM_PATH;
    // Said by somebody, so it should not be made up for.
    return skip(`CHROMIUM_PATH is no program: ${CHROMIUM_PATH}`);
  }
  const installed = () =>
    [...PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name))), ...PLACES].find(
      isProgram,
    );
  return installed() ?? (install() ? installed() : undefined) ?? skip('there is no Chromium here');
}

/** As root on Debian, which is what containers for tests are, it is a package away. */
function install(): boolean {
  const may = process.env.TEST_INSTALL !== 'no' && process.getuid?.() === 0;
  if (!may || !existsSync('/etc/debian_version')) return false;
  say(
    'there is no Chromium: installing the package of Debian (apt-get install chromium), once; TEST_INSTALL=no stops that',
  );
  const script =
    'apt-get -qq -o Acquire::http::Timeout=20 update && apt-get -qq -y --no-install-recommends install chromium';
  const { status, stderr } = spawnSync('sh', ['-c', script], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    encoding: 'utf8',
    timeout: INSTALL_LIMIT_MS,
  });
  if (status !== 0) say(`that did not work: ${stderr.trim().split('\n').at(-1) || 'it took too long'}`);
  return status === 0;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function skip(why: string): undefined {
  say(`tests in a real browser are SKIPPED: ${why}; ${HOW}`);
  return undefined;
}

/** Past the reporter, so that it is seen. */
function say(what: string): void {
  process.stderr.write(`\ntest/browser: ${what}\n`);
}
