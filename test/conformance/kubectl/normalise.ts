import type { RecordedRequest } from '../../kit/recording-proxy.ts';

/** What differs from one run to the next becomes a placeholder; everything else has to be the same. */
const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID'],
  [/https?:\/\/127\.0\.0\.1:\d+/g, 'SERVER'],
  [/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z/g, 'TIME'],
  // describe prints times as RFC 1123.
  [/\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}/g, 'TIME'],
  [/(resourceVersion"?[:=] ?"?)\d+/g, '$1RV'],
  [/(resourceVersion=)\d{2,}/g, '$1RV'],
  [/(Resource Version: +)\d+/g, '$1RV'],
  [/\b\d+(?:s|m\d+s|m|ms)\b(?= *\n| *$| {2,})/gm, 'AGE'],
  // An age of two digits makes its column wider.
  [/AGE {2,}/g, 'AGE   '],
  [/(continue=)[\w%-]+/g, '$1TOKEN'],
  [/(hash=)[0-9A-F]+/g, '$1HASH'],
  [/(timeoutSeconds=)\d+/g, '$1N'],
  [/\/tmp\/[\w./-]+/g, 'FILE'],
  [/kubectl\/v1[\w.-]+/g, 'KUBECTL'],
  // What kubectl logs, with its time and its line, is not its answer.
  [/^[EIW]\d{4} \d\d:\d\d:\d\d\.\d+ .*\n/gm, ''],
  // kubectl 1.34 and later say where something was deleted.
  [/ deleted from \S+ namespace/g, ' deleted'],
];

export function normalise(text: string): string {
  const replaced = REPLACEMENTS.reduce((result, [pattern, by]) => result.replaceAll(pattern, by), text);
  return sortedManagers(sortedCauses(replaced));
}

/** kube-apiserver walks Go maps: its findings come in any order. */
function sortedCauses(text: string): string {
  return text.replaceAll(
    /(?:^\* .*\n)+/gm,
    (causes) => `${causes.trimEnd().split('\n').sort().join('\n')}\n`,
  );
}

/** Entries of managedFields are ordered by their seconds, so two writes in a row may change places. */
function sortedManagers(text: string): string {
  return text.replaceAll(/(?<=^ {2}managedFields:\n) {2}- [^]*?(?=^ {2}\w)/gm, (entries) =>
    entries
      .split(/^(?= {2}- )/m)
      .sort()
      .join(''),
  );
}

const TYPES: Record<string, string> = {
  'application/json': 'json',
  'application/vnd.kubernetes.protobuf': 'protobuf',
  'application/apply-patch+yaml': 'apply',
  'application/json-patch+json': 'json-patch',
  'application/merge-patch+json': 'merge-patch',
  'application/strategic-merge-patch+json': 'strategic-merge-patch',
};

/** /version, /openapi, /api, /apis, /apis/GROUP, /apis/GROUP/VERSION, and the definitions some builds look for. */
const DISCOVERY =
  /^\/(?:version|openapi\/v\d[^?]*|apis?(?:\/[^/?]+)?|apis\/[^/?]+\/[^/?]+|apis\/apiextensions\.k8s\.io\/v1\/customresourcedefinitions)(?:\?|$)/;

/**
 * The requests of a command without those for discovery and OpenAPI, which depend on what is cached and on the
 * groups a server has; they have tests of their own.
 */
export function normaliseRequests(requests: readonly RecordedRequest[]): string[] {
  return requests
    .filter(({ method, url }) => method !== 'GET' || !DISCOVERY.test(url))
    .map(({ method, url, contentType, status }) => {
      const type = contentType === '' ? '' : ` ${TYPES[contentType] ?? contentType}`;
      return `${method} ${normalise(sortedQuery(url))}${type} ${status}`;
    });
}

function sortedQuery(url: string): string {
  const [path = '', query] = url.split('?');
  if (query === undefined) return path;
  // The parts of a field selector come out of a Go map, too.
  const parameters = query.split('&').map((parameter) => {
    const [name = '', value = ''] = parameter.split('=');
    return `${name}=${name === 'fieldSelector' ? value.split('%2C').sort().join('%2C') : value}`;
  });
  return `${path}?${parameters.sort().join('&')}`;
}
