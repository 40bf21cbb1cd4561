// Every command: one line about it, and how to load it.
import type { Command } from './command.js';

/** In the order of the help. */
export const SUMMARIES = {
  init: 'start a keyring document with the secret in force, and a keyturn.toml',
  doctor: 'check configuration, keys and the places where they lie',
  generate: 'print a new signing secret',
  import: 'start a keyring document with secrets of another place',
  status: 'show every key and replica, what is safe when, and what to run next',
  rotate: 'start a rotation; with --wait go through with it; with variables say what to deploy',
  stage: 'add a key that verifies and does not sign yet',
  promote: 'let the staged key sign',
  rollback: 'let the former key sign again',
  retire: 'remove the secret of a key whose tokens have all expired',
  revoke: 'refuse a key at once',
  impact: 'say what a step does to everything that is signed',
  history: 'show when what was done to which key, by whom and why',
  inspect: 'show what is in a token, and whether it verifies',
  console: 'show all of it in a browser on this machine, and take steps there',
  adopt: 'say how the libraries of an app come to sign with these keys',
  demo: 'show a rotation under visitors, by hand and with Keyturn, in two minutes',
} as const;

export const LOADERS: Readonly<Record<keyof typeof SUMMARIES, () => Promise<Command>>> = {
  init: async () => (await import('./commands/init.js')).init,
  doctor: async () => (await import('./commands/doctor.js')).doctor,
  generate: async () => (await import('./commands/generate.js')).generate,
  import: async () => (await import('./commands/import.js')).importSecrets,
  status: async () => (await import('./commands/status.js')).status,
  rotate: async () => (await import('./commands/rotate.js')).rotate,
  stage: async () => (await import('./commands/stage.js')).stage,
  promote: async () => (await import('./commands/promote.js')).promote,
  rollback: async () => (await import('./commands/rollback.js')).rollback,
  retire: async () => (await import('./commands/retire.js')).retire,
  revoke: async () => (await import('./commands/revoke.js')).revoke,
  impact: async () => (await import('./commands/impact.js')).impact,
  history: async () => (await import('./commands/history.js')).history,
  inspect: async () => (await import('./commands/inspect.js')).inspect,
  console: async () => (await import('./commands/console.js')).consoleCommand,
  adopt: async () => (await import('./commands/adopt.js')).adopt,
  demo: async () => (await import('./commands/demo.js')).demo,
};
