// Every library that there is an app of, through the life of a key: docs/neighbours.md, and the table in docs/why.md, are made
// of what was seen here.
// `npx vitest run test/bridges/table -u` writes it anew. Tests of single libraries take through it only what has no row: other
// versions, and other ways to use one.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Library, lifeOf, nobodyLost, STEPS, type StepSeen } from './life.js';
import { neighbour, versionOf } from './neighbours.js';

const APPS = join(import.meta.dirname, 'apps');
const PAGE = join(import.meta.dirname, '../../docs/neighbours.md');
const SHORT_PAGE = join(import.meta.dirname, '../../docs/why.md');

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

test('so is the table in docs/why.md', async ({ skip }) => {
  skip(rows.length < names.length, 'some libraries were left out, or failed');
  const [before, after] = readFileSync(SHORT_PAGE, 'utf8').split(
    /(?<=<!-- generated: .*-->\n)[\s\S]*(?=<!-- end of)/,
  );
  await expect(`${before}\n${tableOf(rows)}\n\n${after}`).toMatchFileSnapshot(SHORT_PAGE);
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

/** One line for each library: what its users notice of a rotation, without the revocation at the end. */
function tableOf(all: readonly Row[]): string {
  const noticed = (life: readonly StepSeen[]) => {
    const seen = life
      .filter(({ step }) => step !== 'revoke')
      .map((one) => ({ step: one.step, lost: lostIn(one) }));
    const bySteps = new Map<string, string[]>();
    for (const name of new Set(seen.flatMap(({ lost }) => lost))) {
      const steps = seen.filter(({ lost }) => lost.includes(name)).map(({ step }) => step);
      bySteps.set(steps.join(', '), [...(bySteps.get(steps.join(', ')) ?? []), name]);
    }
    const parts = [...bySteps].map(([steps, what]) => `**${what.join(', ')}** at ${steps}`);
    return parts.length === 0 ? 'nothing' : parts.join('; ');
  };
  return [
    '| library | by itself, its users notice | with Keyturn |',
    '|---|---|---|',
    ...all
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
      .map(
        ({ name, version, alone, beside }) =>
          `| ${name} ${version} | ${noticed(alone)} | ${noticed(beside)} |`,
      ),
  ].join('\n');
}

function cellsOf(life: readonly StepSeen[]): string {
  return life.map(cellOf).join(' | ');
}

function cellOf(seen: StepSeen): string {
  if (seen.step === 'revoke') return seen.signedIn ? '**still signed in**' : 'signed out';
  const lost = [
    ...lostIn(seen).map((name) => `**${name}**`),
    ...(seen.backwards ? ['signed backwards'] : []),
  ];
  return lost.length === 0 ? 'stays' : lost.join(', ');
}

function lostIn({ signedIn, form, lost }: StepSeen): readonly string[] {
  return [
    ...(signedIn ? [] : ['signed out']),
    ...(form === false ? ['form lost'] : []),
    ...lost.map((name) => `${name} lost`),
  ];
}
