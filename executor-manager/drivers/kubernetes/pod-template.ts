import { readFile } from 'node:fs/promises';
import type { V1PodSpec } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { badRequest } from '#api/machinery/status-error';

/** What an administrator says about all Pods of one executor; the rest of a Pod is not theirs to change. */
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
  const refuse = (problem: string) => badRequest(`${where}: ${problem}`);
  let given: unknown;
  try {
    given = parse(text);
  } catch (error) {
    throw refuse((error as Error).message.split('\n')[0] ?? 'no YAML');
  }
  const template = mapping(given ?? {}, '', ['metadata', 'requests', 'spec'], refuse);
  mapping(template['requests'] ?? {}, 'requests.', REQUESTS, refuse);
  mapping(template['spec'] ?? {}, 'spec.', FIELDS, refuse);
  const metadata = mapping(template['metadata'] ?? {}, 'metadata.', ['annotations', 'labels'], refuse);
  for (const field of ['annotations', 'labels']) {
    const values = Object.values(mapping(metadata[field] ?? {}, `metadata.${field}.`, undefined, refuse));
    if (!values.every((value) => typeof value === 'string'))
      throw refuse(`metadata.${field} must have texts as values`);
  }
  return template;
}

type Refuse = (problem: string) => Error;

function mapping(
  given: unknown,
  path: string,
  known: readonly string[] | undefined,
  refuse: Refuse,
): Record<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw refuse(`${path === '' ? 'it' : path.slice(0, -1)} must be a mapping`);
  for (const field of Object.keys(given)) {
    if (known?.includes(field) === false)
      throw refuse(`${path}${field} cannot be set; ${known.map((name) => path + name).join(', ')} can`);
  }
  return given as Record<string, unknown>;
}
