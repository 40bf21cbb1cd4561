// A second implementation, in another language and from the specification alone, agrees with the vectors.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../docs/verify-tokens.py', import.meta.url));
const VECTORS = fileURLToPath(new URL('../vectors/tokens-v1.json', import.meta.url));

/** Runs the script in one Python once per file: starting it takes longer than what it does. */
const MANY = `
import contextlib, io, json, runpy, sys
script, *files = sys.argv[1:]
results = []
for file in files:
    out, err = io.StringIO(), io.StringIO()
    sys.argv = [script, file]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            runpy.run_path(script, run_name="__main__")
    except SystemExit as exit:
        results.append({"status": exit.code, "stdout": out.getvalue(), "stderr": err.getvalue()})
print(json.dumps(results))
`;

function python(...args: string[]) {
  const { status, stdout, stderr } = spawnSync('python3', args, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

const present = python('-c', 'import sys; print(sys.version_info >= (3, 8))').stdout?.trim() === 'True';
const note = present ? '' : ' (skipped: there is no python3 of 3.8 or later here)';

describe.skipIf(!present)(`docs/verify-tokens.py${note}`, () => {
  const vectors = readFileSync(VECTORS, 'utf8');
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-vectors-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The vectors with one value replaced, at a path such as `tokens/0/json`. */
  function altered(path: string, value: unknown): object {
    const file = JSON.parse(vectors) as object;
    const steps = path.split('/');
    const last = steps.pop() as string;
    let place = file as Record<string, unknown>;
    for (const step of steps) place = place[step] as Record<string, unknown>;
    expect(place[last]).toBeDefined();
    expect(place[last]).not.toBe(value);
    place[last] = value;
    return file;
  }

  it('agrees with every vector', () => {
    const file = JSON.parse(vectors) as Record<string, readonly object[]>;
    const lists = [file.secrets, file.refusedSecrets, file.tokens, file.refused];
    const count = lists.reduce((sum, list) => sum + (list?.length ?? 0), 0);
    expect(python(SCRIPT, VECTORS)).toEqual({
      status: 0,
      stdout: `${count} vectors verified\n`,
      stderr: '',
    });
  });

  const alterations = [
    ['secrets/0/kid', 'AAAAAAAA'],
    ['secrets/1/keys/session/sign', '00'.repeat(32)],
    ['secrets/1/keys/session/bind', '00'.repeat(32)],
    ['secrets/2/material', '00'],
    ['refusedSecrets/0/stored', 'a good secret'],
    ['tokens/0/token', 'kt1.'],
    ['tokens/0/json', 'true'],
    ['tokens/0/issuedAt', 0],
    ['tokens/0/expiresAt', 0],
    ['tokens/0/now', 1e15],
    ['tokens/0/purpose', 'csrf'],
    ['refused/0/reason', 'expired'],
  ] as const;

  it('fails when the file is altered at any place, and on a file without vectors', () => {
    const ring = { live: [], retired: [], revoked: [] };
    const files = [
      ...alterations.map(([path, value]) => altered(path, value)),
      { secrets: [], refusedSecrets: [], tokens: [], refused: [], ring },
    ];
    const paths = files.map((file, nth) => {
      const path = join(folder, `vectors-${nth}.json`);
      writeFileSync(path, JSON.stringify(file));
      return path;
    });
    const results = JSON.parse(python('-c', MANY, SCRIPT, ...paths).stdout);
    const failed = (line: RegExp) => ({ status: 1, stdout: '', stderr: expect.stringMatching(line) });
    expect(results).toEqual([
      ...alterations.map(() => failed(/1 of \d+ vectors failed\n$/)),
      failed(/0 of 0 vectors failed\n$/),
    ]);
  });

  it('fails without a file', () => {
    expect(python(SCRIPT).status).toBe(1);
  });
});
