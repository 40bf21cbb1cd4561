// node scripts/docs.js: rewrites the parts of docs/ that are generated from the compiled package.
// node scripts/docs.js --check: writes nothing, and fails where a page is out of date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const RUN = 'run node scripts/docs.js';
const PROFILES = ['dev', 'test', 'prod'];

if (!existsSync(join(root, 'dist', 'config', 'settings.js'))) {
  console.error('docs: dist/ is not there: run npm run build first');
  process.exit(1);
}
const { PURPOSE_FIELDS, SETTING_NAMES, SETTINGS, variableOf } = await import('../dist/config/settings.js');
const { layer } = await import('../dist/config/layers.js');
const { duration, formatDuration } = await import('../dist/config/value.js');
const { PurposeRegistry } = await import('../dist/purposes/registry.js');

/** What stands between `<!-- generated: NAME -->` and `<!-- end of NAME -->`, by page and name. */
const PAGES = {
  'docs/configuration.md': {
    settings: settingsTables,
    'purpose fields': purposeFields,
    purposes: builtInPurposes,
  },
};

function settingsTables() {
  const sectionOf = (name) => name.slice(0, name.lastIndexOf('.'));
  return [...new Set(SETTING_NAMES.map(sectionOf))].flatMap((section) => [
    `### \`[${section}]\``,
    '',
    '| setting, variable | takes | default | about |',
    '|---|---|---|---|',
    ...SETTING_NAMES.filter((name) => sectionOf(name) === section).map((name) => {
      const key = name.slice(section.length + 1);
      return row([
        `\`${key}\`<br>\`${variableOf(name)}\``,
        SETTINGS[name].kind.expects,
        defaults(name),
        SETTINGS[name].about + (SETTINGS[name].variableOnly ? ' (as a variable only)' : ''),
      ]);
    }),
    '',
  ]);
}

/** The default, and that of every profile that has one of its own. */
function defaults(name) {
  const { default: value, profileDefaults = {}, kind } = SETTINGS[name];
  const shown = (of) => `\`${kind === duration ? formatDuration(of) : of}\``;
  const special = PROFILES.filter((profile) => profileDefaults[profile] !== undefined);
  const usual = value === undefined ? 'not set' : Array.isArray(value) ? 'empty' : shown(value);
  return [usual, ...special.map((profile) => `${profile}: ${shown(profileDefaults[profile])}`)].join('; ');
}

function purposeFields() {
  return [
    '| field | takes | about |',
    '|---|---|---|',
    ...Object.entries(PURPOSE_FIELDS).map(([field, { kind, about }]) =>
      row([`\`${field}\``, kind.expects, about]),
    ),
    '',
  ];
}

function builtInPurposes() {
  const { settings } = layer('prod', [], {});
  return [
    '| purpose | longest lifetime | about | signed by |',
    '|---|---|---|---|',
    ...new PurposeRegistry(settings, true).all.map(({ name, maxAge, about, reserved }) =>
      row([`\`${name}\``, formatDuration(maxAge), about, reserved ? 'Keyturn only' : '`kt.signer()`']),
    ),
    '',
  ];
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

for (const [page, parts] of Object.entries(PAGES)) {
  const path = join(root, page);
  const before = readFileSync(path, 'utf8');
  const after = regenerated(page, before, parts);
  if (after === before) continue;
  if (process.argv.includes('--check')) {
    console.error(`docs: ${page} is out of date: ${RUN}`);
    process.exitCode = 1;
  } else {
    writeFileSync(path, after);
    console.log(`wrote ${page}`);
  }
}
