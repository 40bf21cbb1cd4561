// Every command: its name, one line about it, and how to load it.
import type { Command } from './command.js';

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export const COMMANDS: Readonly<Record<string, Entry>> = {
  init: {
    summary: 'start a keyring document with the secret in force, and a keyturn.toml',
    load: async () => (await import('./commands/init.js')).init,
  },
  doctor: {
    summary: 'check configuration, keys and the places where they lie',
    load: async () => (await import('./commands/doctor.js')).doctor,
  },
  generate: {
    summary: 'print a new signing secret',
    load: async () => (await import('./commands/generate.js')).generate,
  },
  import: {
    summary: 'start a keyring document with secrets of another place',
    load: async () => (await import('./commands/import.js')).importSecrets,
  },
  status: {
    summary: 'show every key and replica, what is safe when, and what to run next',
    load: async () => (await import('./commands/status.js')).status,
  },
  rotate: {
    summary: 'start a rotation; with --wait go through with it; with variables say what to deploy',
    load: async () => (await import('./commands/rotate.js')).rotate,
  },
  stage: {
    summary: 'add a key that verifies and does not sign yet',
    load: async () => (await import('./commands/stage.js')).stage,
  },
  promote: {
    summary: 'let the staged key sign',
    load: async () => (await import('./commands/promote.js')).promote,
  },
  rollback: {
    summary: 'let the former key sign again',
    load: async () => (await import('./commands/rollback.js')).rollback,
  },
  retire: {
    summary: 'remove the secret of a key whose tokens have all expired',
    load: async () => (await import('./commands/retire.js')).retire,
  },
  revoke: {
    summary: 'refuse a key at once',
    load: async () => (await import('./commands/revoke.js')).revoke,
  },
  impact: {
    summary: 'say what a step does to everything that is signed',
    load: async () => (await import('./commands/impact.js')).impact,
  },
  history: {
    summary: 'show when what was done to which key, by whom and why',
    load: async () => (await import('./commands/history.js')).history,
  },
  inspect: {
    summary: 'show what is in a token, and whether it verifies',
    load: async () => (await import('./commands/inspect.js')).inspect,
  },
};
