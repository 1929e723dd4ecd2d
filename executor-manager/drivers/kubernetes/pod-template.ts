import { readFile } from 'node:fs/promises';
import type { V1PodSpec } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { badRequest } from '#api/machinery/status-error';

/** The fields that an administrator sets for all Pods of one executor; the rest of a Pod is not theirs to change. */
export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: Pick<V1PodSpec, TemplateField>;
  /** Of the container, for the scheduler; limits are those of the Sandbox. */
  requests?: Partial<Record<RequestName, string>>;
}

const FIELDS = [
  ...['affinity', 'dnsConfig', 'dnsPolicy', 'hostAliases', 'imagePullSecrets', 'nodeSelector'],
  ...['priorityClassName', 'schedulerName', 'tolerations', 'topologySpreadConstraints'],
] as const satisfies readonly (keyof V1PodSpec)[];
type TemplateField = (typeof FIELDS)[number];

const REQUESTS = ['cpu', 'memory', 'ephemeral-storage'] as const;
type RequestName = (typeof REQUESTS)[number];

/** @throws StatusError BadRequest that names the file and the field */
export async function loadPodTemplate(file: string): Promise<PodTemplate> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    throw badRequest(`--kubernetes-pod-template ${file} cannot be read (${code})`);
  }
  return readPodTemplate(text, `--kubernetes-pod-template ${file}`);
}

/** Exported for tests. */
export function readPodTemplate(text: string, where: string): PodTemplate {
  const reader = new FieldReader(where);
  let given: unknown;
  try {
    given = parse(text);
  } catch (error) {
    throw reader.refusal((error as Error).message.split('\n')[0] ?? 'no YAML');
  }
  const template = reader.mapping(given, '', ['metadata', 'requests', 'spec']);
  reader.mapping(template['requests'], 'requests.', REQUESTS);
  reader.mapping(template['spec'], 'spec.', FIELDS);
  const metadata = reader.mapping(template['metadata'], 'metadata.', ['annotations', 'labels']);
  for (const field of ['annotations', 'labels']) {
    const values = Object.values(reader.mapping(metadata[field], `metadata.${field}.`));
    if (!values.every((value) => typeof value === 'string'))
      throw reader.refusal(`metadata.${field} must have texts as values`);
  }
  return template;
}

class FieldReader {
  readonly #where: string;

  constructor(where: string) {
    this.#where = where;
  }

  refusal(problem: string): Error {
    return badRequest(`${this.#where}: ${problem}`);
  }

  /** An absent one is empty. `path` ends with a dot; without `known`, all fields are. */
  mapping(given: unknown, path: string, known?: readonly string[]): Record<string, unknown> {
    const value = given ?? {};
    if (typeof value !== 'object' || Array.isArray(value))
      throw this.refusal(`${path === '' ? 'it' : path.slice(0, -1)} must be a mapping`);
    for (const field of Object.keys(value)) {
      if (known === undefined || known.includes(field)) continue;
      const others = known.map((name) => path + name).join(', ');
      throw this.refusal(`${path}${field} cannot be set; ${others} can`);
    }
    return value as Record<string, unknown>;
  }
}
