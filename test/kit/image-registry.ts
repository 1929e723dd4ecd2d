import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { dockerClient } from '#dev/environment/docker/docker';
import { temporaryFolder } from '#dev/environment/temporary-folder';

/** An image of one layer. */
export interface MadeUpImage {
  /** Texts by path. */
  files?: Record<string, string>;
  /** A folder with all files of the layer, in place of `files`. */
  folder?: string;
  /** In the words of Go; by default this machine's. */
  architecture?: string;
  /** As `docker image inspect` shows it: Env, User, Entrypoint ... */
  config?: Record<string, unknown>;
}

/** A registry of images on this machine, from which an engine pulls. Engines take a loopback address for trusted. */
export interface ImageRegistry extends AsyncDisposable {
  /** Puts an image there; returns the name to pull it by. */
  push(name: string, image: MadeUpImage): Promise<string>;
  /** The name of an image that is not there. */
  nameOf(name: string): string;
  /** How often the manifest of an image was asked for by GET. */
  pulls(name: string): number;
  /** Layers are sent once the promise resolves. */
  hold(until: Promise<void>): void;
  /** From now on only who shows this name and password gets anything (RFC 7617). */
  close(username: string, password: string): void;
  /** Every request is answered with this status. */
  answerAll(status: number): void;
}

interface State {
  blobs: Map<string, Buffer>;
  manifests: Map<string, Buffer>;
  /** Digests of layers. */
  layers: Set<string>;
  pulls: Map<string, number>;
  held: Promise<void>;
  status: number | undefined;
  /** The header that is asked for. */
  authorization: string | undefined;
}

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

/** https://distribution.github.io/distribution/spec/api/: the part of it that a pull uses. */
export async function imageRegistry(): Promise<ImageRegistry> {
  const state: State = {
    ...{ blobs: new Map(), manifests: new Map(), layers: new Set(), pulls: new Map() },
    ...{ held: Promise.resolve(), status: undefined, authorization: undefined },
  };
  const server = createServer((request, response) => void answer(state, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const pushed: string[] = [];
  return {
    nameOf: (name) => `${host}/${name}`,
    async push(name, image) {
      await place(state, name, image);
      pushed.push(`${host}/${name}`);
      return `${host}/${name}`;
    },
    pulls: (name) => state.pulls.get(name) ?? 0,
    hold(until) {
      state.held = until;
    },
    close(username, password) {
      state.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    },
    answerAll(status) {
      state.status = status;
    },
    async [Symbol.asyncDispose]() {
      const engine = dockerClient(process.env['DOCKER_HOST'] ?? '');
      for (const name of pushed)
        await engine
          .getImage(name)
          .remove({ force: true })
          .catch(() => undefined); // not pulled
      server.closeAllConnections();
      server.close();
    },
  };
}

async function place(state: State, name: string, image: MadeUpImage): Promise<void> {
  const layer = await layerOf(image);
  const config = Buffer.from(
    JSON.stringify({
      architecture: image.architecture ?? ARCHITECTURES[process.arch],
      os: 'linux',
      config: image.config ?? {},
      rootfs: { type: 'layers', diff_ids: [digest(layer)] },
    }),
  );
  for (const blob of [layer, config]) state.blobs.set(digest(blob), blob);
  state.layers.add(digest(layer));
  const described = (mediaType: string, blob: Buffer) => ({
    mediaType,
    size: blob.length,
    digest: digest(blob),
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: described('application/vnd.docker.container.image.v1+json', config),
    layers: [described('application/vnd.docker.image.rootfs.diff.tar', layer)],
  };
  state.manifests.set(name, Buffer.from(JSON.stringify(manifest)));
}

async function layerOf({ files = {}, folder }: MadeUpImage): Promise<Buffer> {
  if (folder !== undefined) return archive(folder);
  await using made = await temporaryFolder('layer');
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(made.path, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text, { mode: 0o755 });
  }
  return await archive(made.path);
}

const LARGEST = 64 * 1024 * 1024;

async function archive(folder: string): Promise<Buffer> {
  const args = ['--create', '--owner=0', '--group=0', '--directory', folder, '.'];
  return (await promisify(execFile)('tar', args, { encoding: 'buffer', maxBuffer: LARGEST })).stdout;
}

const digest = (blob: Buffer): string => `sha256:${createHash('sha256').update(blob).digest('hex')}`;

async function answer(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://registry');
  const [, name = '', kind = '', reference = ''] =
    /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
  response.setHeader('docker-distribution-api-version', 'registry/2.0');
  if (state.status !== undefined) return refuse(response, state.status, 'UNKNOWN');
  if (state.authorization !== undefined && request.headers.authorization !== state.authorization) {
    response.setHeader('www-authenticate', 'Basic realm="registry"');
    return refuse(response, 401, 'UNAUTHORIZED');
  }
  if (pathname === '/v2/') return void response.end('{}');
  if (kind === 'manifests') {
    const manifest = findManifest(state, name, reference);
    if (manifest === undefined) return refuse(response, 404, 'MANIFEST_UNKNOWN');
    if (request.method === 'GET') count(state.pulls, manifest.name);
    response.setHeader('content-type', MANIFEST);
    return send(request, response, manifest.bytes);
  }
  const blob = state.blobs.get(reference);
  if (blob === undefined) return refuse(response, 404, 'BLOB_UNKNOWN');
  if (state.layers.has(reference)) await state.held;
  return send(request, response, blob);
}

/** By tag, or by digest once the engine knows it. */
function findManifest(
  state: State,
  name: string,
  reference: string,
): { name: string; bytes: Buffer } | undefined {
  for (const [known, bytes] of state.manifests) {
    const isIt = known === `${name}:${reference}` || digest(bytes) === reference;
    if (isIt) return { name: known, bytes };
  }
  return undefined;
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function send({ method }: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
  response.setHeader('docker-content-digest', digest(bytes));
  response.setHeader('content-length', bytes.length);
  response.end(method === 'HEAD' ? undefined : bytes);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message: code.toLowerCase().replaceAll('_', ' ') }] }));
}
