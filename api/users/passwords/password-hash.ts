import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Argon2Parameters } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * Argon2id in the PHC form `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`. The parameters are the second choice of the OWASP
 * Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
 */
export interface PasswordParameters {
  /** KiB. */
  memory: number;
  passes: number;
  parallelism: number;
}

export const PARAMETERS: PasswordParameters = { memory: 19_456, passes: 2, parallelism: 1 };

const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** A hash that asks for more was not made here, and is not worked out. */
const MAX_MEMORY = 256 * 1024;
const MAX_PASSES = 16;

const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** In a thread of the pool: the event loop goes on meanwhile. */
const derive = promisify(argon2) as (algorithm: 'argon2id', parameters: Argon2Parameters) => Promise<Buffer>;

export async function hashPassword(
  password: string,
  parameters: PasswordParameters = PARAMETERS,
): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive('argon2id', argumentsOf(password, { ...parameters, salt, length: HASH_BYTES }));
  const { memory, passes, parallelism } = parameters;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(hash)}`;
}

/** @throws Error when the text is no hash of this form */
export async function verifyPassword(password: string, phc: string): Promise<boolean> {
  const { parameters, salt, hash } = parsePhc(phc);
  const derived = await derive(
    'argon2id',
    argumentsOf(password, { ...parameters, salt, length: hash.length }),
  );
  return timingSafeEqual(derived, hash);
}

/** Whether the hash was made with other parameters than today's. */
export function isOutdated(phc: string, parameters: PasswordParameters = PARAMETERS): boolean {
  const known = parsePhc(phc).parameters;
  return (
    known.memory !== parameters.memory ||
    known.passes !== parameters.passes ||
    known.parallelism !== parameters.parallelism
  );
}

interface Derivation extends PasswordParameters {
  salt: Buffer;
  length: number;
}

function argumentsOf(
  password: string,
  { memory, passes, parallelism, salt, length }: Derivation,
): Argon2Parameters {
  // NIST SP 800-63B, section 3.1.1.2: one form of Unicode, so that every keyboard types the same password.
  return { message: password.normalize('NFKC'), nonce: salt, parallelism, tagLength: length, memory, passes };
}

function parsePhc(phc: string): { parameters: PasswordParameters; salt: Buffer; hash: Buffer } {
  const [, memory, passes, parallelism, salt = '', hash = ''] = PHC.exec(phc) ?? [];
  const parameters = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
  // A pattern that does not match leaves NaN, which is not above anything.
  const isSound = parameters.memory <= MAX_MEMORY && parameters.passes <= MAX_PASSES;
  if (!isSound) throw new Error('the stored hash of a password cannot be read');
  return { parameters, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
