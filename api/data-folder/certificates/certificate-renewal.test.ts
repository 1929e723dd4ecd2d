import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:tls';
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { silentLogger } from '../../machinery/logger.ts';
import { createManualClock } from '../../machinery/manual-clock.ts';
import type { CertificatePair } from './certificate-maker.ts';
import { startCertificateRenewal } from './certificate-renewal.ts';
import { loadCertificates } from './certificates.ts';
import { DEFAULT_LIMITS } from '../../server/limits/limits.ts';
import { listen } from '../../server/listen.ts';

const DAY = 24 * 60 * 60 * 1000;

/** The certificate that a client is shown. */
async function shown(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  await once(socket, 'secureConnect');
  expect(socket.alpnProtocol).toBe('h2');
  const certificate = socket.getPeerX509Certificate()?.fingerprint256 ?? '';
  socket.destroy();
  return certificate;
}

const fingerprint = ({ certificate }: CertificatePair): string =>
  new X509Certificate(certificate).fingerprint256;

it('a server that runs for a year gets a new certificate in time, whatever failed the day before', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'troupe-renewal-'));
  const started = Date.now();
  const clock = createManualClock(started);
  const load = (now: number) => loadCertificates({ folder, listenHost: '127.0.0.1', now });
  const pair = await load(clock.now());
  const address = { host: '127.0.0.1', port: 0, limits: DEFAULT_LIMITS };
  const server = await listen({ app: new Hono(), ...address, ...pair, clock });
  let looked = Promise.withResolvers<CertificatePair | undefined>();
  const renewal = startCertificateRenewal({
    async load(now) {
      if (now === started + DAY) throw new Error('the disk is away');
      return load(now);
    },
    use(next) {
      server.useCertificate(next);
      looked.resolve(next);
    },
    clock,
    logger: { ...silentLogger, warn: () => looked.resolve(undefined) },
  });
  const looksAfter = async (days: number): Promise<CertificatePair | undefined> => {
    looked = Promise.withResolvers();
    clock.advance(days * DAY);
    return looked.promise;
  };
  expect(await looksAfter(1), 'failed').toBeUndefined();
  expect(await looksAfter(1)).toMatchObject({ certificate: pair.certificate });
  expect(await shown(server.port)).toBe(fingerprint(pair));
  await looksAfter(340); // that of the third day, and the clock moves on
  const renewed = await looksAfter(1);
  expect(renewed?.certificate).not.toBe(pair.certificate);
  expect(renewed && fingerprint(renewed)).toBe(await shown(server.port));
  await renewal.stop();
  expect(clock.pending).toBe(0);
  await server.close();
  await rm(folder, { recursive: true });
});
