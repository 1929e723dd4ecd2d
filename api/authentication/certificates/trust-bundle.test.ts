import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeAuthorityCertificate, makeKey } from '../../data-folder/certificates/certificate-maker.ts';
import { TrustBundle } from './trust-bundle.ts';

const YEAR_MS = 31_536_000_000;
const now = Date.now();
let root: X509Certificate;
let other: X509Certificate;

const selfSigned = async (): Promise<X509Certificate> =>
  new X509Certificate(await makeAuthorityCertificate({ key: makeKey(), now }));
const shown = (leaf: X509Certificate, isAuthorized = true) => ({ leaf, intermediates: [], isAuthorized });

beforeAll(async () => {
  [root, other] = await Promise.all([selfSigned(), selfSigned()]);
});

describe('a bundle of authorities', () => {
  it('holds what stands in it, at its time', () => {
    const bundle = new TrustBundle(`# ours\n${root.toString()}\n${other.toString()}`);
    expect(bundle.authorities).toHaveLength(2);
    expect(() => bundle.verify(shown(root), now)).not.toThrow();
    for (const time of [now - YEAR_MS, now + 20 * YEAR_MS])
      expect(() => bundle.verify(shown(root), time)).toThrow(/Unauthorized/);
  });

  it('does not hold another one, nor what TLS has refused', () => {
    const bundle = new TrustBundle(root.toString());
    expect(() => bundle.verify(shown(other), now)).toThrow(/Unauthorized/);
    expect(() => bundle.verify(shown(root, false), now)).toThrow(/Unauthorized/);
  });

  it.each([
    ['', /does not contain any valid/],
    ['no certificate', /does not contain any valid/],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', /asn1|PEM/i],
  ])('is not made of %j', (pem, message) => {
    expect(() => new TrustBundle(pem)).toThrow(message);
  });
});
