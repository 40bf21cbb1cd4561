// Serves the console of each scene at /SCENE/, over node:http.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConsoleApp } from '../../../src/console/app.js';
import type { ConsoleSource } from '../../../src/console/contract.js';
import { nodeParts, send } from '../../../src/console/mount/node.js';
import type { Report } from '../../../src/doctor/finding.js';
import { pathOf } from '../../../src/http/path.js';
import { memoryLogger } from '../../support/keyturn.js';
import { afterwards } from '../../support/ring-file.js';
import { HOSTILE, SCENES, type Scene, sceneOf } from './scenes.js';

const REPORT: Report = {
  summary: { passed: 2, warned: 2, failed: 1 },
  checks: [
    { name: 'signing_secret', status: 'pass', detail: 'production, and valid: 64 hex digits' },
    {
      name: 'keyring_document',
      status: 'fail',
      detail: '/run/secrets/keyring.json is readable by everybody\nits owner is root',
      hint: 'chmod 600 /run/secrets/keyring.json',
    },
    {
      name: 'sources',
      status: 'warn',
      detail: 'KEYTURN_SECURITY__SIGNING_SECRET hides the file',
      hint: 'take one of the two away',
    },
    { name: 'names', status: 'warn', detail: HOSTILE.join('\n'), hint: HOSTILE.join(' ') },
    { name: 'replicas', status: 'pass', detail: '3 replicas report' },
  ],
};

function sourceOf({ world, counts }: Scene): ConsoleSource {
  return {
    look: async () => world.view,
    counts: async (span) => counts(span),
    history: async () => world.history,
    impact: async (step) => world.impact(step),
    doctor: async () => REPORT,
    take: async () => {
      throw new Error('nothing is taken in a scene');
    },
  };
}

/** @returns the address below which each scene is */
export async function serveScenes(): Promise<string> {
  const scenes = new Map<string, { readonly scene: Scene; readonly app: ConsoleApp }>();
  for (const name of SCENES) {
    const scene = await sceneOf(name);
    const parts = { source: sourceOf(scene), steps: true, app: scene.app, logger: memoryLogger() };
    scenes.set(name, { scene, app: new ConsoleApp(parts) });
  }
  const server = createServer((request, response) => {
    const [, name = '', path = ''] = /^\/(\w+)(\/.*)/.exec(pathOf(request.url)) ?? [];
    const found = scenes.get(name);
    if (found === undefined) return void response.writeHead(404).end();
    const answering = found.app.answer({
      ...nodeParts(request, response, undefined),
      path,
      mount: name,
      query: new URL(request.url ?? '/', 'http://localhost').searchParams,
      visitor: { who: found.scene.who, mayAct: true },
      csrf: { field: '_csrf', token: () => 'token-of-the-scene', accepts: () => true },
    });
    void answering.then((answer) => send(answer, request, response));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  afterwards(async () => {
    for (const { app } of scenes.values()) app.close();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
