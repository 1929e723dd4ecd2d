import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { describeError } from '../machinery/logger.ts';
import { StatusError } from '../machinery/status-error.ts';

/** A cluster, a user and a namespace, as one context of a kubeconfig names them; files are read in. */
export interface KubeconfigContext {
  server: string;
  /** PEM. */
  ca?: string;
  skipTLSVerify: boolean;
  tlsServerName?: string;
  namespace: string;
  user: KubeconfigUser;
}

export interface KubeconfigUser {
  name: string;
  token?: string;
  tokenFile?: string;
  username?: string;
  password?: string;
  impersonate?: string;
  /** PEM. */
  certificate?: string;
  key?: string;
  /** As in the file; run by @kubernetes/client-node. */
  exec?: Record<string, unknown>;
  authProvider?: { name: string; config?: Record<string, unknown> };
}

type Entry = Record<string, unknown>;
type NamedKind = 'cluster' | 'user' | 'context';

/** One entry of a list such as `clusters`, with the folder that its relative paths start from. */
interface NamedEntry {
  entry: Entry;
  folder: string;
}

interface Merged {
  /** The files, for messages. */
  where: string;
  currentContext: string | undefined;
  cluster: Map<string, NamedEntry>;
  user: Map<string, NamedEntry>;
  context: Map<string, NamedEntry>;
}

/**
 * Reads kubeconfig files and picks a context. Of several files the first to name something wins, as kubectl does.
 * @throws StatusError BadRequest naming the file and what is wrong with it.
 */
export async function loadKubeconfig(options: {
  files: readonly string[];
  context?: string | undefined;
}): Promise<KubeconfigContext> {
  const where = options.files.join(', ');
  const lists = { cluster: new Map(), user: new Map(), context: new Map() };
  const merged: Merged = { where, currentContext: undefined, ...lists };
  for (const file of options.files) mergeFile(merged, await readKubeconfig(file), dirname(resolve(file)));
  const name = options.context ?? merged.currentContext;
  if (name === undefined || name === '') throw refuse(`${where}: no current-context is set`);
  const context = named(merged, 'context', name).entry;
  const cluster = named(merged, 'cluster', text(context, 'cluster') ?? '');
  const userName = text(context, 'user');
  const user = userName === undefined ? undefined : named(merged, 'user', userName);
  return {
    ...(await readCluster(cluster, where)),
    namespace: text(context, 'namespace') ?? 'default',
    user: user === undefined ? { name: '' } : await readUser(userName ?? '', user),
  };
}

const refuse = (message: string, cause?: unknown): StatusError =>
  new StatusError('BadRequest', `kubeconfig ${message}`, cause === undefined ? {} : { cause });

async function readKubeconfig(file: string): Promise<Entry> {
  try {
    const value: unknown = parse(await readFile(file, 'utf8'));
    if (isEntry(value)) return value;
  } catch (error) {
    throw refuse(`${file}: ${firstLine(error)}`, error);
  }
  throw refuse(`${file}: not a kubeconfig`);
}

/** The parser's message goes on with an excerpt of the file, which may hold a token. */
function firstLine(error: unknown): string {
  return describeError(error).split('\n')[0] ?? '';
}

function mergeFile(merged: Merged, file: Entry, folder: string): void {
  merged.currentContext ||= text(file, 'current-context');
  for (const kind of ['cluster', 'user', 'context'] as const) {
    const list = file[`${kind}s`];
    for (const item of Array.isArray(list) ? (list as unknown[]) : []) {
      if (!isEntry(item)) continue;
      const name = text(item, 'name');
      const entry = item[kind];
      if (name === undefined || merged[kind].has(name)) continue;
      merged[kind].set(name, { entry: isEntry(entry) ? entry : {}, folder });
    }
  }
}

function named(merged: Merged, kind: NamedKind, name: string): NamedEntry {
  const found = merged[kind].get(name);
  if (found === undefined) throw refuse(`${merged.where}: ${kind} ${JSON.stringify(name)} does not exist`);
  return found;
}

async function readCluster({ entry, folder }: NamedEntry, where: string) {
  const server = text(entry, 'server');
  if (server === undefined || !/^https?:\/\//.test(server) || !URL.canParse(server)) {
    throw refuse(`${where}: the cluster's server is not a URL`);
  }
  if (text(entry, 'proxy-url') !== undefined) throw refuse(`${where}: proxy-url is not supported`);
  const ca = await pem(entry, 'certificate-authority', folder);
  const tlsServerName = text(entry, 'tls-server-name');
  return {
    server,
    skipTLSVerify: entry['insecure-skip-tls-verify'] === true,
    ...(ca === undefined ? {} : { ca }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
  };
}

async function readUser(name: string, { entry, folder }: NamedEntry): Promise<KubeconfigUser> {
  const provider = entry['auth-provider'];
  const tokenFile = text(entry, 'tokenFile');
  const values = {
    token: text(entry, 'token'),
    tokenFile: tokenFile === undefined ? undefined : resolve(folder, tokenFile),
    username: text(entry, 'username'),
    password: text(entry, 'password'),
    impersonate: text(entry, 'as'),
    certificate: await pem(entry, 'client-certificate', folder),
    key: await pem(entry, 'client-key', folder),
    exec: isEntry(entry['exec']) ? entry['exec'] : undefined,
    authProvider: isEntry(provider) ? provider : undefined,
  };
  const set = Object.entries(values).filter(([, value]) => value !== undefined);
  return { name, ...(Object.fromEntries(set) as Omit<KubeconfigUser, 'name'>) };
}

/** `KEY-data` holds base64, `KEY` names a file; the data wins, as in client-go. */
async function pem(entry: Entry, key: string, folder: string): Promise<string | undefined> {
  const data = text(entry, `${key}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const file = text(entry, key);
  if (file === undefined) return undefined;
  try {
    return await readFile(resolve(folder, file), 'utf8');
  } catch (error) {
    throw refuse(`${key} ${JSON.stringify(file)}: ${describeError(error)}`, error);
  }
}

function text(entry: Entry, key: string): string | undefined {
  const value = entry[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
