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
  inspect: {
    summary: 'show what is in a token, and whether it verifies',
    load: async () => (await import('./commands/inspect.js')).inspect,
  },
};
