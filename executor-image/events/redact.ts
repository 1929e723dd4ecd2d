import type { RunRequest } from '#executor-manager/protocol/run';
import type { EventData } from './event-spool.ts';

/** Shorter ones would be found in ordinary words. */
const SHORTEST = 8;
const SECRET_NAME = /key|token|secret|passw|passphrase|credential|authorization|cookie/i;
const MASK = '[redacted]';

/** Takes a run's secrets out of what leaves the sandbox, should an agent or a program print one. */
export interface Redactor {
  /** One more secret of the run. */
  hide(secret: string): void;
  text(text: string): string;
  data(data: EventData): EventData;
  /** How many characters at the end of `text` may be the beginning of a secret whose rest is still to come. */
  unfinished(text: string): number;
}

export function createRedactor(request: RunRequest): Redactor {
  let secrets = secretsOf(request);
  const clean = (text: string): string => {
    let result = text;
    for (const secret of secrets) if (result.includes(secret)) result = result.replaceAll(secret, MASK);
    return result;
  };
  return {
    hide(secret) {
      secrets = longestFirst([...secrets, secret]);
    },
    text: clean,
    unfinished: (text) => Math.max(0, ...secrets.map((secret) => beginningAtEnd(text, secret))),
    data(data) {
      if (secrets.length === 0) return data;
      return Object.fromEntries(
        Object.entries(data).map(([name, value]) => [name, cleanValue(value, clean, FREE.has(name))]),
      );
    },
  };
}

/** Fields with names of others in them: the words of an agent, or of a service. All other names are ours. */
const FREE: ReadonlySet<string> = new Set(['input', 'output']);

/** Text by text and not in one JSON: a secret of digits would otherwise be cut out of a number. */
function cleanValue(value: unknown, clean: (text: string) => string, names: boolean): unknown {
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map((item) => cleanValue(item, clean, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [names ? clean(name) : name, cleanValue(item, clean, names)]),
  );
}

/** The length of the longest end of `text` with which `secret` begins, without being all of it. */
function beginningAtEnd(text: string, secret: string): number {
  for (let start = Math.max(0, text.length - secret.length + 1); start < text.length; start++) {
    if (text[start] === secret[0] && secret.startsWith(text.slice(start))) return text.length - start;
  }
  return 0;
}

function secretsOf(request: RunRequest): string[] {
  const found = new Set<string>();
  const add = (value: unknown): void => {
    if (typeof value !== 'string') return;
    // The token is as secret without the word before it.
    for (const secret of [value, value.replace(/^(?:bearer|basic)\s+/i, '')]) {
      if (secret.length >= SHORTEST) found.add(secret);
    }
  };
  const addNamed = (fields: unknown): void => {
    if (typeof fields !== 'object' || fields === null) return;
    for (const [name, value] of Object.entries(fields)) if (SECRET_NAME.test(name)) add(value);
  };
  addNamed(request.model?.env);
  add(request.repository?.credential?.password);
  // Line by line: a program that prints a key may put anything between them.
  for (const line of request.repository?.sshKey?.privateKey.split('\n') ?? []) {
    if (!line.startsWith('-----')) add(line.trim());
  }
  for (const server of Object.values(request.agent.mcpServers ?? {})) {
    const { env, headers, url, secretNames } = (server ?? {}) as Record<string, unknown>;
    for (const fields of [env, headers]) {
      addNamed(fields);
      addListed(fields, secretNames, add);
    }
    for (const secret of addressSecrets(url)) add(secret);
  }
  for (const { secret } of request.action?.http?.headers ?? []) add(secret);
  return longestFirst([...found]);
}

/** Fields whose values came from Secrets, whatever they are called. */
function addListed(fields: unknown, names: unknown, add: (value: unknown) => void): void {
  if (typeof fields !== 'object' || fields === null || !Array.isArray(names)) return;
  for (const [name, value] of Object.entries(fields)) if (names.includes(name)) add(value);
}

/** Services hand out addresses with a key in the query, or with a password. */
function addressSecrets(url: unknown): string[] {
  if (typeof url !== 'string' || !URL.canParse(url)) return [];
  const { password, searchParams } = new URL(url);
  return [password, decoded(password), ...searchParams.values()];
}

/** As a form is read, since a percent sign need not begin a character. */
function decoded(text: string): string {
  return new URLSearchParams(`text=${text.replaceAll('+', '%2B')}`).get('text') ?? '';
}

/** One secret may be a part of another. */
function longestFirst(secrets: readonly string[]): string[] {
  return secrets.toSorted((a, b) => b.length - a.length);
}
