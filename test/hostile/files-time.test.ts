// As linear-time.test.ts, for what lies in files and on the command line: configuration, `.env`, keyring documents,
// names that somebody mistyped, tokens that an operator looks at.
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { shownPayload } from '../../src/cli/words/payload.js';
import { applyLayers } from '../../src/config/apply-layers.js';
import { moveInFields } from '../../src/config/layer-builder.js';
import * as moveIn from '../../src/config/move-in.js';
import { nearest } from '../../src/config/nearest.js';
import { SETTING_NAMES, SETTINGS } from '../../src/config/settings.js';
import { holdsSecret } from '../../src/doctor/places.js';
import { parseDocument } from '../../src/keyring/document.js';
import { oneLine } from '../../src/printable.js';
import { cleanSecret } from '../../src/secret/text.js';
import { costRatio } from './cost.js';

moveInFields.atOnce(() => moveIn);

interface Row {
  readonly name: string;
  /** The worst input of a length near n. */
  readonly make: (n: number) => string;
  readonly run: (input: string) => unknown;
}

const N = 4000;
/** Linear is 4, and a busy machine adds to it; quadratic is 16. */
const MOST = 9;

const between = (start: string, text: string, end: string) => (n: number) =>
  start + text.repeat(Math.ceil(n / text.length)) + end;
const numbered = (line: (nth: number) => string) => (n: number) => {
  const lines: string[] = [];
  for (let length = 0; length < n; length += (lines.at(-1) as string).length) lines.push(line(lines.length));
  return lines.join('');
};
const rows = (name: string, run: Row['run'], inputs: Readonly<Record<string, Row['make']>>): readonly Row[] =>
  Object.entries(inputs).map(([what, make]) => ({ name: `${name}: ${what}`, make, run }));

function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}

const NAMES = {
  letters: between('', 'a', ''),
  'known names': between('', 'session.idle.', ''),
  underscores: between('', '_', ''),
};

/** One of each kind of value. */
const KINDS = [
  'session.idle',
  'security.signing_secret.file',
  'security.keyring.name',
  'session.cookie.name',
  'session.cookie.domain',
  'session.cookie.path',
  'session.postgres.table',
  'csrf.origins',
  'security.signing_secret.revoked_kids',
] as const;

const ROWS: readonly Row[] = [
  ...rows(
    'keyturn.toml',
    (toml) =>
      attempt(() => applyLayers('dev', [{ origin: { layer: 'program', name: 'a' }, tree: parse(toml) }], {})),
    {
      'blank lines': between('', '\n', 'a'),
      comments: between('', '#\n', 'a'),
      'a long unknown name': between('', 'a', ' = 1'),
      'unknown names': numbered((nth) => `a${nth} = 1\n`),
      'unknown sections': numbered((nth) => `[a${nth}]\n`),
      'unknown names in a section': numbered((nth) => `session.a${nth} = 1\n`),
      'a name of many parts': between('', 'a.', 'a = 1'),
      purposes: numbered((nth) => `[purposes.a${nth}]\nmax_age = "1h"\n`),
      'purposes that are none': numbered((nth) => `[purposes.A${nth}]\n`),
      'a section of many parts': between('[', 'a.', 'a]'),
      'lists in lists': between('a = ', '[', ''),
      'a long list': between('csrf.origins = [', '"a",', ']'),
      'a long text': between('session.idle = "', ' ', '"'),
      'tables of one name': between('', '[[a]]\n', ''),
      quotes: between('a = ', '"', ''),
      underscores: between('a = ', '1_', '1'),
    },
  ),
  ...rows('a variable', (name) => applyLayers('dev', [], { [name]: 'x' }), {
    letters: between('KEYTURN_', 'A', ''),
    'sections of purposes': between('KEYTURN_PURPOSES__', 'A__', 'a'),
    'what Kubernetes sets': between('KEYTURN_', 'SERVICE_PORT_', '-'),
    ports: between('KEYTURN_', 'PORT_1_TCP_', '-'),
  }),
  ...rows('the nearest name', (name) => nearest(name, SETTING_NAMES), NAMES),
  ...KINDS.flatMap((name) =>
    rows(name, (value) => SETTINGS[name].kind.read(value), {
      blanks: between('', ' ', 'x'),
      slashes: between('', '/', ' '),
      dots: between('', 'a.', ' '),
      quotes: between('"', "'", 'x'),
    }),
  ),
  ...rows('a line of talk', oneLine, {
    blanks: between('', ' ', 'x'),
    'blanks and line ends': between('', ' \n', 'x'),
    controls: between('', '\u001b', ''),
  }),
  ...rows('.env', holdsSecret, {
    'blank lines': between('', '\n', 'x'),
    blanks: between('', ' ', 'x'),
    exports: between('', 'export ', ''),
    'an open name': between('KEYTURN_', 'A', ''),
    'blanks before the equals sign': between('KEYTURN_SESSION__REDIS__URL', ' ', 'x'),
    colons: between('KEYTURN_SESSION__REDIS__URL=redis://', ':', ''),
    'colons, many lines': between('', `KEYTURN_SESSION__REDIS__URL=redis://${':'.repeat(100)}\n`, ''),
    'many lines': between('', 'KEYTURN_SECURITY__SIGNING_SECRET=\n', ''),
  }),
  ...rows('a keyring document', (text) => attempt(() => parseDocument(text, 'it')), {
    'lists in lists': (n) => `{"keyturn":1,"keys":${'['.repeat(n / 2)}${']'.repeat(n / 2)}}`,
    'unknown fields': (n) => `{"keyturn":1,${numbered((nth) => `"a${nth}":1,`)(n)}"b":1}`,
    'many keys': (n) => `{"keyturn":1,"keys":[${'{},'.repeat(n / 3)}{}]}`,
    'many lines of history': (n) =>
      `{"keyturn":1,"keys":[],"history":[${'{"at":"2026-01-01T00:00:00Z","what":"a","kid":"b"},'.repeat(n / 50)}{}]}`,
    'a long secret': (n) =>
      `{"keyturn":1,"keys":[{"kid":"abcdefgh","state":"active","secret":"${' '.repeat(n)}x"}]}`,
  }),
  ...rows('a secret', (text) => attempt(() => cleanSecret(text, 'it')), {
    blanks: between('x', ' ', 'x'),
    'blanks in front': between('', ' ', 'x'),
    'line ends': between('', '\r\n', 'x'),
  }),
  ...rows('a payload', shownPayload, {
    brackets: between('', '[', ''),
    'brackets side by side': between('[', '[],', '1]'),
    quotes: between('', '"', ''),
    backslashes: between('"', '\\', ''),
  }),
];

describe('the time that files and names cost grows with their length and no faster', () => {
  test.each(ROWS)('$name', async ({ make, run }) => {
    expect(await costRatio({ small: make(N), large: make(4 * N), run, most: MOST })).toBeLessThan(MOST);
  });
});
