import { StatusError } from '../../machinery/status-error.ts';

/** How the client wants objects (kube-apiserver endpoints/handlers/negotiation). */
export interface Negotiated {
  format: 'json' | 'yaml';
  /** Absent: the objects themselves. */
  as?: { kind: 'PartialObjectMetadata' | 'Table'; version: string };
}

const AS_KINDS = new Map([
  ['Table', 'Table'],
  ['PartialObjectMetadata', 'PartialObjectMetadata'],
  ['PartialObjectMetadataList', 'PartialObjectMetadata'],
] as const);

/** More than any client has; the rest is not looked at. */
const MAX_RANGES = 50;

/** The list as it is to be tried: by quality, else as it stands (as goautoneg does). */
function byQuality(accept: string): MediaType[] {
  const ranges = accept.split(',', MAX_RANGES).map(parseMediaType);
  return ranges.some(({ parameters }) => parameters.has('q'))
    ? ranges.sort((one, other) => quality(other) - quality(one))
    : ranges;
}

function quality({ parameters }: MediaType): number {
  const q = Number(parameters.get('q') ?? 1);
  return Number.isNaN(q) ? 1 : q;
}

/** The first media type of the list that can be served. @throws StatusError NotAcceptable */
export function negotiate(accept: string | undefined): Negotiated {
  if (accept === undefined || accept.trim() === '') return { format: 'json' };
  for (const range of byQuality(accept)) {
    const found = match(range);
    if (found !== undefined) return found;
  }
  throw notAcceptable(['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']);
}

export function notAcceptable(types: readonly string[]): StatusError {
  return new StatusError('NotAcceptable', `only the following media types are accepted: ${types.join(', ')}`);
}

/** Of an answer that is no object of a kind, such as an error: YAML only where the client puts it first. */
export function prefersYaml(accept: string | undefined): boolean {
  if (accept === undefined || !accept.includes('application/yaml')) return false;
  try {
    return negotiate(accept).format === 'yaml';
  } catch {
    return false;
  }
}

export interface MediaType {
  type: string;
  parameters: ReadonlyMap<string, string>;
}

export function parseMediaType(text: string): MediaType {
  const [type = '', ...rest] = text.split(';');
  const parameters = rest.map((parameter): [string, string] => {
    const [name = '', value = ''] = parameter.split('=');
    return [name.trim().toLowerCase(), value.trim()];
  });
  return { type: type.trim().toLowerCase(), parameters: new Map(parameters) };
}

function match({ type, parameters }: MediaType): Negotiated | undefined {
  const as = parameters.get('as');
  if (type === 'application/yaml') return as === undefined ? { format: 'yaml' } : undefined;
  if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') return undefined;
  if (as === undefined) return { format: 'json' };
  const kind = AS_KINDS.get(as as 'Table');
  const version = parameters.get('v');
  const known = parameters.get('g') === 'meta.k8s.io' && (version === 'v1' || version === 'v1beta1');
  return kind === undefined || !known ? undefined : { format: 'json', as: { kind, version } };
}
