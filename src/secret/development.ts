// The secret that development makes for itself: .keyturn/secret, created once and kept over restarts.
import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyturnError } from '../errors.js';

/** A new secret: 64 random bytes as hex digits. */
export function newSecret(): string {
  return randomBytes(64).toString('hex');
}

/**
 * Reads the secret of an earlier start.
 *
 * @throws KeyturnError `secret_unreadable`, `secret_empty`
 */
export async function readDevelopmentSecret(dataDir: string): Promise<string> {
  const path = join(dataDir, 'secret');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new KeyturnError(
      'secret_unreadable',
      `${path} cannot be read (${error.code})`,
      'let this user read it, or remove it to have a new one made',
    );
  });
  if (text.trim() === '') {
    throw new KeyturnError(
      'secret_empty',
      `${path} is empty`,
      'remove it, and the next start makes a new one',
    );
  }
  return text;
}

/**
 * Makes the secret, or reads the one that another process made first. The content is written to a file of its
 * own and then linked into place: linking fails when the name is taken, so all starters agree, and nobody ever
 * sees half a secret.
 *
 * @throws KeyturnError `dev_secret_unwritable`
 */
export async function createDevelopmentSecret(
  dataDir: string,
): Promise<{ readonly path: string; readonly text: string; readonly created: boolean }> {
  const path = join(dataDir, 'secret');
  const draft = join(dataDir, `secret.${process.pid}.${randomBytes(6).toString('hex')}.tmp`);
  const text = newSecret();
  try {
    await prepareDataDir(dataDir);
    await writeDurably(draft, `${text}\n`);
    try {
      await link(draft, path);
      return { path, text, created: true };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EEXIST') return { path, text: await readDevelopmentSecret(dataDir), created: false };
      // Some file systems know no links: exclusive creation is the next best thing.
      if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
      await writeDurably(path, `${text}\n`);
      return { path, text, created: true };
    } finally {
      await unlink(draft).catch(() => {});
    }
  } catch (error) {
    if (error instanceof KeyturnError) throw error;
    throw new KeyturnError(
      'dev_secret_unwritable',
      `no development secret could be written to ${dataDir} (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      'make the folder writable, point KEYTURN_DATA_DIR to one that is, or set dev_secret = "ephemeral" under [security.signing_secret]',
      { cause: error },
    );
  }
}

/** Makes the folder (0700) with an ignore rule of its own, so that nothing in it is ever committed by accident. */
export async function prepareDataDir(dataDir: string): Promise<void> {
  const made = await mkdir(dataDir, { recursive: true, mode: 0o700 });
  if (made !== undefined) await chmod(dataDir, 0o700);
  await writeFile(join(dataDir, '.gitignore'), '*\n', { flag: 'wx', mode: 0o600 }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
}

async function writeDurably(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
