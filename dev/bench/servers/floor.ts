import { writeFile } from 'node:fs/promises';
import path from 'node:path';
// @peculiar/x509 is built on a container for dependencies that needs it.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { Agent, request } from 'undici';
import { startProcess } from '../../environment/process.ts';
import { temporaryFolder } from '../../environment/temporary-folder.ts';
import { rate } from '../load/figure.ts';
import type { Load } from '../load/load.ts';

export interface Floor extends AsyncDisposable {
  readonly pid: number;
  readonly get: () => Promise<string>;
  readonly post: (body: string) => Promise<string>;
  readonly watch: (signal: AbortSignal) => Promise<AsyncIterable<Buffer>>;
}

/** A bare Node HTTPS server (floor-server.ts) that answers `body`, and a client like that of the API. */
export async function floor(body: string): Promise<Floor> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('floor'));
  const files = await certificateFiles(folder.path);
  const bodyFile = path.join(folder.path, 'body');
  await writeFile(bodyFile, body);
  const server = stack.use(
    await startProcess({
      command: process.execPath,
      args: [path.join(import.meta.dirname, 'floor-server.ts'), files.certificate, files.key, bodyFile],
    }),
  );
  const ready = /ready at (\d+)/;
  await server.until({ what: 'get ready', ready: () => ready.test(server.output()), timeoutMs: 20_000 });
  const url = `https://127.0.0.1:${ready.exec(server.output())?.[1]}`;
  const dispatcher = new Agent({
    connections: null,
    bodyTimeout: 0,
    allowH2: false,
    connect: { ca: files.pem },
  });
  stack.defer(() => dispatcher.destroy());
  const owned = stack.move();
  return {
    pid: server.pid,
    get: async () => (await request(url, { dispatcher })).body.text(),
    post: async (text) => (await request(url, { method: 'POST', body: text, dispatcher })).body.text(),
    watch: async (signal) =>
      (await request(`${url}/watch`, { dispatcher, signal })).body as AsyncIterable<Buffer>,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Its result, as a figure's floor. */
export const bareNode = ({ perSecond, cpuUs }: Load): string =>
  `bare Node server ${rate(perSecond)}, ${cpuUs?.toFixed(0)} cpu us`;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

async function certificateFiles(folder: string): Promise<{ certificate: string; key: string; pem: string }> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=floor',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 24 * 60 * 60_000),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
    ],
  });
  const pem = made.toString('pem');
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const certificate = path.join(folder, 'cert.pem');
  const key = path.join(folder, 'key.pem');
  await writeFile(certificate, pem);
  const lines = pkcs8.match(/.{1,64}/g)?.join('\n');
  await writeFile(key, `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`, { mode: 0o600 });
  return { certificate, key, pem };
}
