// The files that people keep. Whose a file is stands in the name of its blob: <owner>/<id>/<file name>. So a user can
// name only own files, and two files may have the same name.
import { createHash, randomBytes } from 'node:crypto';
import { type BlobInfo, type BlobSource, type BlobStore, isBlobName } from 'keyturn/blobs';

/** In characters. */
const LONGEST_NAME = 120;

export interface KeptFile {
  /** The name of its blob. */
  readonly blob: string;
  readonly id: string;
  /** What its owner calls it. */
  readonly name: string;
  readonly type: string;
  /** In bytes. */
  readonly size: number;
  readonly uploadedAt: Date;
}

export class Files {
  readonly blobs: BlobStore;

  constructor(blobs: BlobStore) {
    this.blobs = blobs;
  }

  /** Streams a file to the disk. It is there once the promise is fulfilled, and whole. */
  async add(user: string, name: string | undefined, type: string, source: BlobSource): Promise<KeptFile> {
    const id = randomBytes(9).toString('base64url');
    return describe(await this.blobs.put(`${ownerOf(user)}/${id}/${cleanName(name)}`, source, { type }));
  }

  /** The newest first. It looks at every blob there is: a real app asks its database. */
  async list(user: string): Promise<readonly KeptFile[]> {
    const files: KeptFile[] = [];
    for await (const info of this.blobs.list(`${ownerOf(user)}/`)) files.push(describe(info));
    return files.sort((a, b) => b.uploadedAt.getTime() - a.uploadedAt.getTime() || compare(a.name, b.name));
  }

  async find(user: string, id: string, name: string): Promise<KeptFile | undefined> {
    return await this.findBlob(`${ownerOf(user)}/${id}/${name}`);
  }

  /** Anybody's file: for those who have a signed link to it. */
  async findBlob(blob: string): Promise<KeptFile | undefined> {
    const info = await this.blobs.info(blob);
    return info && describe(info);
  }

  async delete(file: KeptFile): Promise<void> {
    await this.blobs.delete(file.blob);
  }
}

/** Names of people may hold anything, and need not stand in links. */
function ownerOf(user: string): string {
  return createHash('sha256').update(user).digest('hex').slice(0, 32);
}

function describe({ name: blob, size, type, modifiedAt }: BlobInfo): KeptFile {
  const [, id = '', name = ''] = blob.split('/');
  return { blob, id, name, type, size, uploadedAt: modifiedAt };
}

/** What a browser calls a file, made fit to be a name: no folders, nothing that cannot be seen, not too long. */
function cleanName(given = ''): string {
  // Browsers write %22 for a quotation mark.
  const last = given.toWellFormed().replaceAll('%22', '"').split(/[/\\]/).at(-1) ?? '';
  const seen = last.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '').replace(/[:*?"<>|]/g, '_');
  const name = [...seen]
    .slice(0, LONGEST_NAME)
    .join('')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  if (name === '') return 'file';
  // What might be decoded elsewhere: "%2f". And what Windows reserves: "nul", "com1.txt".
  const plain = name.replace(/[%;]/g, '_');
  return [name, plain, `_${plain}`].find(isBlobName) ?? 'file';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : 1;
}
