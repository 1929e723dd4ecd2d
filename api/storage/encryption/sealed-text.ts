import type { StorageKey } from '../contract/objects.ts';
import type { ColumnValue, SealedTable } from './encryption-tables.ts';

/**
 * The form of an encrypted text: `enc:v1:<id of the data key>:<base64 of nonce, ciphertext and tag>`. JSON begins with
 * a brace, so it is never taken for one; other plain texts that begin alike are marked.
 */
const SEALED = 'enc:v1:';
const PLAIN = 'enc:v0:';

export function sealedText(keyId: string, sealed: Buffer): string {
  return `${SEALED}${keyId}:${sealed.toString('base64')}`;
}

/** The id of the key of an encrypted text, or of its head; undefined for a plain one. */
export function keyIdOf(text: string): string | undefined {
  return text.startsWith(SEALED) ? text.slice(SEALED.length, endOfId(text)) : undefined;
}

export function sealedBytes(text: string): Buffer {
  return Buffer.from(text.slice(endOfId(text) + 1), 'base64');
}

/** A plain text as it is kept, whatever it begins with. */
export function markedPlain(text: string): string {
  return text.startsWith(SEALED) || text.startsWith(PLAIN) ? PLAIN + text : text;
}

export function unmarkedPlain(text: string): string {
  return text.startsWith(PLAIN) ? text.slice(PLAIN.length) : text;
}

function endOfId(text: string): number {
  const at = text.indexOf(':', SEALED.length);
  return at < 0 ? text.length : at;
}

/** What a text belongs to, as the text that authenticates it. */
export function ownerText(table: SealedTable, owner: readonly ColumnValue[]): string {
  // The last state of a Task moves as it is.
  if (table === 'deleted_tasks') return JSON.stringify(['revisions', TASKS, ...owner]);
  return JSON.stringify([table, ...owner]);
}

export function objectOwner({ resource, namespace, name }: StorageKey): string {
  return ownerText('revisions', [resource, namespace, name]);
}

/** The resource whose setting a row follows. */
export function resourceOf(table: SealedTable, owner: readonly ColumnValue[]): string {
  return table === 'revisions' ? String(owner[0]) : TASKS;
}

/** Their logs and conversations are encrypted when they are. */
export const TASKS = 'tasks.agent.wecode.io';
