// The files that `keyturn init` writes. keyturn.toml has every setting commented out, with what it is for and its
// default; what belongs to production alone stands in keyturn.prod.toml.
import { ABOUT } from './descriptions.js';
import { SETTING_NAMES, SETTINGS, type SettingName, variableOf } from './settings.js';
import { duration, formatDuration, lifetime } from './value.js';

/** The keyturn.prod.toml. @param file what `file` under [security.signing_secret] is set to */
export function productionTemplate(file: string): string {
  return [
    '# Settings of production, over those of keyturn.toml. Neither development nor tests read this file.',
    '',
    '[security.signing_secret]',
    '# The keyring that "keyturn init" has made here. It holds secrets: git ignores it, and so does not bring it along.',
    `file = ${JSON.stringify(file)}`,
    '',
  ].join('\n');
}

/** The keyturn.toml. */
export function configTemplate(): string {
  const sections = new Map<string, string[]>();
  for (const name of SETTING_NAMES) {
    if (SETTINGS[name].variableOnly === true) continue;
    const [section, key] = split(name);
    const lines = sections.get(section) ?? [];
    sections.set(section, lines);
    if (SETTINGS[name].secret === true) {
      lines.push(`# ${key}: ${ABOUT[name]}. Set ${variableOf(name)} instead of writing it here.`);
    } else {
      lines.push(`# ${ABOUT[name]}`, `#${key} = ${example(name)}`);
    }
  }
  return [
    '# Settings of Keyturn. What is commented out shows the default. Variables such as',
    '# KEYTURN_SESSION__IDLE go before this file; keyturn doctor tells where each value comes from.',
    // Sections stand even where they are empty: a line is then uncommented alone and belongs where it should.
    ...[...sections].flatMap(([section, lines]) => [
      '',
      ...(section === '' ? [] : [`[${section}]`]),
      ...lines,
    ]),
    '',
    '# A kind of token of your own, for keyturn.signer("invoice-link"):',
    '#[purposes.invoice-link]',
    '#max_age = "30d"',
    '#about = "links to invoices"',
    '',
  ].join('\n');
}

function split(name: string): [section: string, key: string] {
  const dot = name.lastIndexOf('.');
  // What belongs to no section stands first: in TOML it must.
  return [name.slice(0, Math.max(0, dot)), name.slice(dot + 1)];
}

/** The default as TOML, or `"…"` where there is none. */
function example(name: SettingName): string {
  const value: unknown = SETTINGS[name].default;
  if (value === undefined) return '"…"';
  if (typeof value === 'number' && [duration, lifetime].includes(SETTINGS[name].kind as typeof duration))
    return JSON.stringify(formatDuration(value));
  return JSON.stringify(value);
}
