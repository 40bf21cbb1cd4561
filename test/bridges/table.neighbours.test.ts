// Every library that there is an app of, through the life of a key: docs/neighbours.md is made of what was seen here.
// `npx vitest run test/bridges/table -u` writes it anew. Tests of single libraries take through it only what has no row: other
// versions, and other ways to use one.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Library, lifeOf, nobodyLost, STEPS, type StepSeen } from './life.js';
import { neighbour, versionOf } from './neighbours.js';

const APPS = join(import.meta.dirname, 'apps');
const PAGE = join(import.meta.dirname, '../../docs/neighbours.md');

const names = readdirSync(APPS)
  .filter((file) => /export (?:async )?(?:function|const) app\b/.test(readFileSync(join(APPS, file), 'utf8')))
  .map((file) => file.replace(/\.mjs$/, ''))
  .sort();

interface Row {
  readonly name: string;
  readonly version: string;
  readonly alone: readonly StepSeen[];
  readonly beside: readonly StepSeen[];
}

const rows: Row[] = [];

describe.each(names)('%s', (name) => {
  test('beside Keyturn nobody is lost, and alone what docs/neighbours.md says', async () => {
    const { app } = (await import(`./apps/${name}.mjs`)) as {
      app: (load: typeof neighbour) => Promise<Library>;
    };
    const beside = await lifeOf(await app(neighbour), true);
    const alone = await lifeOf(await app(neighbour), false);
    const library = await app(neighbour);
    rows.push({ name: library.name, version: await versionOf(library.name), alone, beside });
    expect(beside).toEqual(nobodyLost(library));
  });
});

test('docs/neighbours.md is what was seen', async ({ skip }) => {
  skip(rows.length < names.length, 'some libraries were left out, or failed');
  await expect(pageOf(rows)).toMatchFileSnapshot(PAGE);
});

function pageOf(all: readonly Row[]): string {
  const lines = all
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap(({ name, version, alone, beside }) => [
      `| ${name} ${version} | alone | ${cellsOf(alone)} |`,
      `| | with Keyturn | ${cellsOf(beside)} |`,
    ]);
  return `# Beside other libraries

What becomes of a visitor who is signed in by another library, and of a form that is open, when its secret is rotated. Two replicas of an app run the real library; at each step one of them is late. *Alone* an operator changes the list of secrets, and restarts; *with Keyturn* the library has its bridge. This page is written by the tests that saw it.

| library | | ${STEPS.join(' | ')} |
|---|---|${STEPS.map(() => '---').join('|')}|
${lines.join('\n')}

- *stage*: the new key is known at one replica, and signs nowhere.
- *promote*: it signs at one replica; the other one knows it.
- *late replica*: the other one follows.
- *rollback*: the former key signs again at one replica.
- *promote again*: the new key signs there, the other replica is one step behind.
- *retire*: the former key is gone at one replica. Whoever was signed in has been there meanwhile.
- *revoke*: the key is refused at once, and everybody who holds something of it is signed out. That is what it is for.

Where a row says "signed out" of any other step, nobody has to do anything wrong for it. keyturn doctor tells which of these libraries an app has, and keyturn adopt what to write.
`;
}

function cellsOf(life: readonly StepSeen[]): string {
  return life.map(cellOf).join(' | ');
}

function cellOf({ step, signedIn, form, lost: ended, backwards }: StepSeen): string {
  if (step === 'revoke') return signedIn ? '**still signed in**' : 'signed out';
  const lost = [
    ...(signedIn ? [] : ['**signed out**']),
    ...(form === false ? ['**form lost**'] : []),
    ...ended.map((name) => `**${name} lost**`),
    ...(backwards ? ['signed backwards'] : []),
  ];
  return lost.length === 0 ? 'stays' : lost.join(', ');
}
