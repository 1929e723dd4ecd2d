import type { X509Certificate } from 'node:crypto';
import { parseCertificates } from '../../authentication/certificates/parse-certificates.ts';

type Trust = Readonly<Record<string, string>>;

const CERTIFICATES: ReadonlySet<string> = new Set(['client-ca-file', 'requestheader-client-ca-file']);

/**
 * All that is published and all that this server has to say, so that replicas with different files do not take each
 * other's authorities away; authorities that have expired go (kubernetes pkg/controlplane/controller/
 * clusterauthenticationtrust combinedClusterAuthenticationInfo). A value that cannot be read is replaced.
 * @param now milliseconds since the epoch
 */
export function combinedTrust(published: Trust, own: Trust, now: number): Record<string, string> {
  const fields = new Set([...Object.keys(published), ...Object.keys(own)]);
  const combined = [...fields].map((field): [string, string] => {
    const values = [published[field], own[field]].filter((value) => value !== undefined);
    return [field, CERTIFICATES.has(field) ? combinedPem(values, now) : combinedList(values)];
  });
  return Object.fromEntries(combined.filter(([, text]) => text !== ''));
}

function combinedPem(texts: readonly string[], now: number): string {
  const byFingerprint = new Map<string, X509Certificate>();
  for (const text of texts) {
    for (const one of readable(() => parseCertificates(text))) {
      if (one.validToDate.getTime() > now) byFingerprint.set(one.fingerprint256, one);
    }
  }
  return [...byFingerprint.values()].map(String).join('');
}

/** Lists of texts, as JSON. */
function combinedList(texts: readonly string[]): string {
  const all = texts.flatMap((text) => readable(() => JSON.parse(text) as unknown[]));
  return JSON.stringify([...new Set(all.filter((one) => typeof one === 'string'))]);
}

function readable<T>(read: () => readonly T[]): readonly T[] {
  try {
    const items = read();
    return Array.isArray(items) ? items : [];
  } catch {
    return []; // somebody has edited it; what this server has to say is written behind it
  }
}
