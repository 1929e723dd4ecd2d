import type { RunRequest } from '#executor-manager/protocol/run';
import type { EventData } from './event-spool.ts';

/** Shorter ones would be found in ordinary words. */
const SHORTEST = 8;
const SECRET_NAME = /key|token|secret|password|credential|authorization/i;
const MASK = '[redacted]';

/** Takes a run's secrets out of what leaves the sandbox, should an agent or a program print one. */
export interface Redactor {
  text(text: string): string;
  data(data: EventData): EventData;
}

export function createRedactor(request: RunRequest): Redactor {
  const secrets = secretsOf(request);
  const replace = (text: string, forms: readonly string[]): string => {
    let result = text;
    for (const secret of forms) if (result.includes(secret)) result = result.replaceAll(secret, MASK);
    return result;
  };
  const inJson = secrets.map((secret) => JSON.stringify(secret).slice(1, -1));
  return {
    text: (text) => replace(text, secrets),
    data(data) {
      if (secrets.length === 0) return data;
      const json = JSON.stringify(data);
      const clean = replace(json, inJson);
      return clean === json ? data : (JSON.parse(clean) as EventData);
    },
  };
}

function secretsOf(request: RunRequest): string[] {
  const found = new Set<string>();
  const add = (value: unknown): void => {
    if (typeof value === 'string' && value.length >= SHORTEST) found.add(value);
  };
  const addNamed = (fields: unknown): void => {
    if (typeof fields !== 'object' || fields === null) return;
    for (const [name, value] of Object.entries(fields)) if (SECRET_NAME.test(name)) add(value);
  };
  add(request.model?.apiKey);
  addNamed(request.model?.env);
  add(request.repository?.credential?.password);
  for (const server of Object.values(request.agent.mcpServers ?? {})) {
    const { env, headers } = (server ?? {}) as { env?: unknown; headers?: unknown };
    addNamed(env);
    addNamed(headers);
  }
  // The longest first: one secret may be a part of another.
  return [...found].sort((a, b) => b.length - a.length);
}
