import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { fieldsOf } from '#api/machinery/json/json';
import { CliError } from '../error-text.ts';
import type { LoginPlace } from './login-file.ts';

/** The content of a kubeconfig for a login: where the server is, and how credentials come. No secret is in it. */
export interface KubeconfigLogin extends LoginPlace {
  ca?: string | undefined;
  namespace?: string | undefined;
}

interface Named {
  name: string;
  [field: string]: unknown;
}

export interface Kubeconfig {
  apiVersion: 'v1';
  kind: 'Config';
  clusters: Named[];
  users: Named[];
  contexts: Named[];
  'current-context': string;
}

const TROUPE = join(import.meta.dirname, '..', '..', 'bin', 'troupe');

/** `alice@troupe.example.org:7443` */
export const contextName = ({ server, user }: LoginPlace): string => `${user}@${new URL(server).host}`;

/** The account of a user that `kubeconfigOf` has named for this server; undefined for other users. */
export function accountNamed(name: string, server: string): string | undefined {
  const end = `@${new URL(server).host}`;
  return name.endsWith(end) && name !== end ? name.slice(0, -end.length) : undefined;
}

/** A kubeconfig whose credentials come from `troupe credential`, which renews them (KEP-541). */
export function kubeconfigOf(login: KubeconfigLogin): Kubeconfig {
  const { server, user, ca, namespace } = login;
  const name = contextName(login);
  const certificate =
    ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') };
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: new URL(server).host, cluster: { server, ...certificate } }],
    users: [
      {
        name,
        user: {
          exec: {
            apiVersion: 'client.authentication.k8s.io/v1',
            command: TROUPE,
            args: ['credential', '--server', server, '--user', user],
            installHint: 'troupe has to be installed, and `troupe login` to be called once',
            interactiveMode: 'Never',
            provideClusterInfo: false,
          },
        },
      },
    ],
    contexts: [
      {
        name,
        context: {
          cluster: new URL(server).host,
          user: name,
          ...(namespace === undefined ? {} : { namespace }),
        },
      },
    ],
    'current-context': name,
  };
}

/** A login for a file that may know its context already. */
export interface AddedLogin extends KubeconfigLogin {
  /** For a context that has no namespace yet, and gets no other. */
  defaultNamespace?: string | undefined;
}

/**
 * Adds a login to a file, or makes it; everything else in it stays, also the namespace of the context unless `login` has
 * one. @throws CliError when it is no kubeconfig
 */
export async function addToKubeconfig(file: string, login: AddedLogin): Promise<void> {
  const known = await readIfThere(file);
  const namespace = login.namespace ?? namespaceIn(known, contextName(login)) ?? login.defaultNamespace;
  const added = kubeconfigOf({ ...login, namespace });
  const merged = known === undefined ? added : mergedInto(known, added);
  await mkdir(dirname(file), { recursive: true });
  const next = `${file}.${randomUUID()}`;
  const mode = known === undefined ? 0o600 : (await stat(file)).mode & 0o777;
  await writeFile(next, stringify(merged), { mode, flag: 'wx' });
  await rename(next, file);
}

function namespaceIn(known: Partial<Kubeconfig> | undefined, name: string): string | undefined {
  const found = known?.contexts?.find((one) => one.name === name);
  const { namespace } = fieldsOf(found?.['context']);
  return typeof namespace === 'string' && namespace !== '' ? namespace : undefined;
}

function mergedInto(known: Partial<Kubeconfig>, added: Kubeconfig): Partial<Kubeconfig> {
  const list = (name: 'clusters' | 'contexts' | 'users'): Named[] => {
    const names = new Set(added[name].map((one) => one.name));
    return [...(known[name] ?? []).filter((one) => !names.has(one.name)), ...added[name]];
  };
  return {
    ...known,
    clusters: list('clusters'),
    users: list('users'),
    contexts: list('contexts'),
    'current-context': added['current-context'],
  };
}

async function readIfThere(file: string): Promise<Partial<Kubeconfig> | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const value: unknown = text.trim() === '' ? {} : parseQuietly(text);
  if (typeof value === 'object' && value !== null) return value;
  throw new CliError(`${file} is no kubeconfig`);
}

/** The parser's message goes on with an excerpt, which may hold a token. */
function parseQuietly(text: string): unknown {
  try {
    return parse(text, { logLevel: 'error' });
  } catch {
    return undefined;
  }
}
