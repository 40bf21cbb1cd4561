// node scripts/docs.js: rewrites the parts of docs/ that are generated from the compiled package, the reference in docs/api,
// and the types of settings, which show what the pages say.
// node scripts/docs.js --check: writes nothing, and fails where a page is out of date.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { apiPages } from './docs-api.js';

const root = join(import.meta.dirname, '..');
const RUN = 'run node scripts/docs.js';
const PROFILES = ['dev', 'test', 'prod'];

if (!existsSync(join(root, 'dist', 'config', 'settings.js'))) {
  console.error('docs: dist/ is not there: run npm run build first');
  process.exit(1);
}
const { ABOUT } = await import('../dist/config/descriptions.js');
const { MOVE_IN_FIELDS } = await import('../dist/config/move-in.js');
const { PURPOSE_FIELDS, SETTING_NAMES, SETTINGS, variableOf } = await import('../dist/config/settings.js');
const { applyLayers } = await import('../dist/config/apply-layers.js');
const { duration, flag, formatDuration, lifetime } = await import('../dist/config/value.js');
const { Key, Material } = await import('../dist/keyring/key.js');
const { Keyring } = await import('../dist/keyring/keyring.js');
const { PurposeRegistry } = await import('../dist/purposes/registry.js');
const { wordsOf } = await import('../dist/purposes/words.js');
const { impactOf } = await import('../dist/rotation/impact.js');
const { generateSecret } = await import('../dist/secret/generate.js');

/** What stands between `<!-- generated: NAME -->` and `<!-- end of NAME -->`, by page and name. */
const PAGES = {
  'docs/configuration.md': {
    settings: settingsTables,
    'purpose fields': purposeFields,
    purposes: builtInPurposes,
    'move-in fields': moveInFields,
  },
  'docs/rotation.md': {
    'where the secret is used': secretUses,
    'what each step does': stepEffects,
    'what no step affects': notAffected,
  },
};

function settingsTables() {
  const sectionOf = (name) => name.slice(0, Math.max(0, name.lastIndexOf('.')));
  return [...new Set(SETTING_NAMES.map(sectionOf))].flatMap((section) => [
    section === '' ? '### At the top, before the first section' : `### \`[${section}]\``,
    '',
    '| setting, variable | takes | default | about |',
    '|---|---|---|---|',
    ...SETTING_NAMES.filter((name) => sectionOf(name) === section).map((name) => {
      const key = section === '' ? name : name.slice(section.length + 1);
      return row([
        `\`${key}\`<br>\`${variableOf(name)}\``,
        SETTINGS[name].kind.expects,
        defaults(name),
        ABOUT[name] + (SETTINGS[name].variableOnly ? ' (as a variable only)' : ''),
      ]);
    }),
    '',
  ]);
}

/** The default, and that of every profile that has one of its own. */
function defaults(name) {
  const { default: value, profileDefaults = {}, kind } = SETTINGS[name];
  const shown = (of) => `\`${[duration, lifetime].includes(kind) ? formatDuration(of) : of}\``;
  const special = PROFILES.filter((profile) => profileDefaults[profile] !== undefined);
  const usual = value === undefined ? 'not set' : Array.isArray(value) ? 'empty' : shown(value);
  return [usual, ...special.map((profile) => `${profile}: ${shown(profileDefaults[profile])}`)].join('; ');
}

/** Settings as a program writes them, with what they are for: src/config/config-types.ts. */
function configShape() {
  const tree = {};
  for (const name of SETTING_NAMES) {
    if (SETTINGS[name].variableOnly) continue;
    const path = name.split('.');
    const key = path.pop();
    let place = tree;
    for (const part of path) place = place[part] ??= {};
    place[key] = name;
  }
  return [
    `// What stands in keyturn.toml, for programs. Made from the table of settings: ${RUN}.`,
    '',
    '/** A number of seconds, or a text such as `"45s"`, `"15min"`, `"3h"` or `"90d"`. */',
    'export type Duration = number | string;',
    '',
    '/** The settings, section by section. */',
    'export interface ConfigSections {',
    ...membersOf(tree, '  '),
    '}',
    '',
  ].join('\n');
}

function membersOf(tree, indent, section = '') {
  return Object.entries(tree).flatMap(([key, of]) => {
    if (typeof of === 'string')
      return [...commentOf(of, indent), `${indent}readonly ${key}?: ${typeOf(of)};`];
    const inner = section === '' ? key : `${section}.${key}`;
    return [
      `${indent}/** As under \`[${inner}]\`. */`,
      `${indent}readonly ${key}?: {`,
      ...membersOf(of, `${indent}  `, inner),
      `${indent}};`,
    ];
  });
}

function commentOf(name, indent) {
  const about = ABOUT[name];
  const said = defaults(name);
  const end = said === 'not set' ? '' : ` Default: ${said}.`;
  const words = /^\w+:/.test(about) ? about : about[0].toUpperCase() + about.slice(1);
  return [`${indent}/** ${words}.${end} */`];
}

/** The TypeScript type of what a setting takes. */
function typeOf(name) {
  const { kind } = SETTINGS[name];
  if ([duration, lifetime].includes(kind)) return 'Duration';
  if (kind === flag) return 'boolean';
  if (kind.expects.startsWith('one of'))
    return kind.expects
      .match(/"[^"]+"/g)
      .join(' | ')
      .replaceAll('"', "'");
  if (kind.expects.startsWith('a list of {'))
    return 'readonly { readonly kid: string; readonly until: string | Date }[]';
  return kind.expects.startsWith('a list') ? 'readonly string[]' : 'string';
}

function moveInFields() {
  return fieldsTable(MOVE_IN_FIELDS);
}

function purposeFields() {
  return fieldsTable(PURPOSE_FIELDS);
}

function fieldsTable(fields) {
  return [
    '| field | takes | about |',
    '|---|---|---|',
    ...Object.entries(fields).map(([field, { kind, about }]) => row([`\`${field}\``, kind.expects, about])),
    '',
  ];
}

function builtInPurposes() {
  const { settings } = applyLayers('prod', [], {});
  const registry = new PurposeRegistry(settings, true);
  return [
    '| purpose | longest lifetime | about | signed by |',
    '|---|---|---|---|',
    ...registry.all.map((purpose) =>
      row([
        `\`${purpose.name}\``,
        formatDuration(purpose.maxAge),
        wordsOf(purpose, registry.backend).about,
        purpose.reserved ? 'Keyturn only' : '`kt.signer()`',
      ]),
    ),
    '',
  ];
}

/** What `keyturn impact` says of each step, for an app that configures nothing. */
function impacts() {
  const { settings } = applyLayers('prod', [], {});
  const registry = new PurposeRegistry(settings, true);
  const [active, retiring] = ['active', 'retiring'].map(
    (state) => new Key(new Material(generateSecret()), state, { dates: { [state]: 0 } }),
  );
  const facts = {
    now: 0,
    maxLag: settings.get('security.keyring.max_lag'),
    skew: settings.get('security.keyring.clock_skew'),
    lifetimes: Object.fromEntries(registry.all.map(({ name, maxAge }) => [name, maxAge])),
    replicas: [],
  };
  const of = (step) => impactOf(step, new Keyring([active, retiring], { id: 'x' }), registry, facts);
  return {
    rotate: of({ step: 'rotate' }),
    retire: of({ step: 'retire', kid: retiring.id }),
    revoke: of({ step: 'revoke', kid: active.id }),
  };
}

function secretUses() {
  return [
    '| purpose | what is signed | where it is kept | valid for at most |',
    '|---|---|---|---|',
    ...impacts().rotate.rows.map(({ purpose, about, state, maxAge }) =>
      row([`\`${purpose}\``, about, state, formatDuration(maxAge)]),
    ),
    '',
  ];
}

const EFFECTS = { continues: 'accepted until it expires', refused: 'refused at once', none: 'none is left' };

function stepEffects() {
  const { rotate, retire, revoke } = impacts();
  const cell = ({ effect, sees }) => EFFECTS[effect] + (sees === 'nothing' ? '' : `: ${sees}`);
  return [
    '| purpose | rotate | retire | revoke the key that signs | what users notice of that |',
    '|---|---|---|---|---|',
    ...rotate.rows.map((of, at) => {
      const { effect, sees } = revoke.rows[at];
      return row([`\`${of.purpose}\``, cell(of), cell(retire.rows[at]), EFFECTS[effect], sees]);
    }),
    '',
  ];
}

function notAffected() {
  return [...impacts().rotate.notAffected.map((line) => `- ${line}`), ''];
}

function row(cells) {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function regenerated(page, text, parts) {
  for (const [name, lines] of Object.entries(parts)) {
    const start = `<!-- generated: ${name} (${RUN}) -->`;
    const end = `<!-- end of ${name} -->`;
    const from = text.indexOf(start);
    const to = text.indexOf(end);
    if (from === -1 || to < from) throw new Error(`${page} has no lines "${start}" and "${end}"`);
    text = `${text.slice(0, from + start.length)}\n\n${lines().join('\n')}\n${text.slice(to)}`;
  }
  return text;
}

const made = Object.entries(PAGES).map(([page, parts]) => [page, (text) => regenerated(page, text, parts)]);
made.push(['src/config/config-types.ts', () => configShape()]);
made.push(...apiPages().map(([page, text]) => [page, () => text]));

for (const [page, make] of made) {
  const path = join(root, page);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const after = make(before);
  if (after === before) continue;
  if (process.argv.includes('--check')) {
    console.error(`docs: ${page} is out of date: ${RUN}`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, after);
    console.log(`wrote ${page}`);
  }
}
