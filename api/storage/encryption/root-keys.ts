import { hash, randomBytes } from 'node:crypto';
import { StorageError } from '../contract/storage-error.ts';
import { ExtendedNonceKey, KEY_BYTES } from './extended-nonce-gcm.ts';

/** Where root keys are kept: not in the database. Errors are StorageErrors whose messages show no key. */
export interface RootKeySource {
  /** How messages call it: its path. */
  readonly name: string;
  /** Undefined where there is none. */
  read(): Promise<string | undefined>;
  /** Makes it unless it is there. @returns what is there then. Absent: that is the operator's to do */
  create?: (text: string) => Promise<string>;
  /** Replaces what was found. @returns what took its place, which may be another process's */
  supersede(change: { found: string; next: string }): Promise<string>;
}

/** Wraps and unwraps data keys. */
export interface RootKey {
  /** Made of the key itself, so no file can give one key the name of another. */
  id: string;
  key: ExtendedNonceKey;
}

/** One key in base64 per line, the newest first; empty lines and what begins with # are left out. */
export function parseRootKeys(text: string, source: string): RootKey[] {
  const lines = text.split('\n').map((line, i) => ({ line: line.trim(), number: i + 1 }));
  const keys = lines
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
    .map(({ line, number }) => rootKey(line, `${source}, line ${number},`));
  if (keys.length === 0) throw unusable(`${source} has no key`);
  return keys;
}

function rootKey(line: string, where: string): RootKey {
  const bytes = Buffer.from(line, 'base64');
  if (bytes.length !== KEY_BYTES || bytes.toString('base64') !== line) {
    throw unusable(
      `${where} is no key: expected ${KEY_BYTES} bytes in base64, as openssl rand -base64 32 prints`,
    );
  }
  const id = hash('sha256', Buffer.concat([Buffer.from('troupe root key '), bytes])).slice(0, 16);
  return { id, key: new ExtendedNonceKey(bytes) };
}

const unusable = (message: string): StorageError => new StorageError('Undecryptable', message);

const HEADER = `# Root keys of Troupe's encryption at rest: the first one wraps the data keys, the others only unwrap.
# Without them what is encrypted in the database is lost: keep a copy in a safe place.
`;

export function newRootKeys(): string {
  return `${HEADER}${newKey()}\n`;
}

/** The text with a new key before the others. */
export function withNewRootKey(text: string): string {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  return lines.toSpliced(Math.max(first, 0), 0, newKey()).join('\n');
}

const newKey = (): string => randomBytes(KEY_BYTES).toString('base64');
