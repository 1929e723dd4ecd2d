import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Meter } from '../machinery/meter.ts';
import { StatusError } from '../machinery/status-error.ts';
import type { Client } from './client.ts';
import { findClientConfig, podConfig, processEnvironment } from './config.ts';
import type { ClientConfig } from './config.ts';
import { createCredentials } from './credentials.ts';
import { readAccountToken } from './own-token.ts';
import type { AccountToken } from './own-token.ts';
import { createHttpClient } from './http-client.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import type { KubeconfigContext } from './kubeconfig.ts';
import { createTaskLogClient } from './task-log.ts';
import type { TaskLogClient } from './task-log.ts';
import { createTransport } from './transport.ts';
import type { Transport } from './transport.ts';

export interface Connection {
  client: Client;
  taskLog: TaskLogClient;
  /** Plain requests: tables, discovery, kinds that are not known beforehand. */
  transport: Transport;
  /** The namespace of the kubeconfig's context. */
  namespace: string;
  /** The name that the kubeconfig has for the user of the context. */
  userName: string;
  /** The server's address. */
  server: string;
  /** PEM of the authority its certificate is checked against; absent: the system's. */
  caCertificate?: string;
  /** Cuts everything under way. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Path of a kubeconfig; absent: KUBECONFIG, ~/.troupe/kubeconfig, ~/.kube/config, a pod's service account. */
  kubeconfig?: string;
  /** Absent: the file's current-context. */
  context?: string;
  /** Instead of the address that the context names. */
  server?: string;
  /** A file with the token to show, instead of what the context has; read again when its content changes. */
  tokenFile?: string;
  userAgent?: string;
  meter?: Meter;
}

/**
 * Opens a connection to an API server. Does not talk to it yet.
 * @throws StatusError BadRequest when there is no usable kubeconfig.
 */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  const context = await contextOf(options);
  const transport = createTransport({
    ...context,
    credentials: await createCredentials(context.user),
    ...(options.userAgent === undefined ? {} : { userAgent: options.userAgent }),
    ...(options.meter === undefined ? {} : { meter: options.meter }),
  });
  return {
    client: createHttpClient({ transport }),
    taskLog: createTaskLogClient({ transport }),
    transport,
    namespace: context.namespace,
    userName: context.user.name,
    server: context.server,
    ...(context.ca === undefined ? {} : { caCertificate: context.ca }),
    close: () => transport.close(),
  };
}

async function contextOf(options: ConnectOptions): Promise<KubeconfigContext> {
  const loaded = await loadConfigured(options);
  const { server = loaded.server, tokenFile } = options;
  const user = tokenFile === undefined ? loaded.user : { name: loaded.user.name, tokenFile };
  return { ...loaded, server, user };
}

async function loadConfigured({ kubeconfig, context }: ConnectOptions): Promise<KubeconfigContext> {
  const config = findClientConfig({ kubeconfig, env: processEnvironment() });
  if (config !== undefined) return loadContext(config, context);
  throw new StatusError(
    'BadRequest',
    'no kubeconfig found: start `troupe server`, set KUBECONFIG or pass --kubeconfig',
  );
}

/**
 * The token of a ServiceAccount that stands in the kubeconfig itself; undefined where another credential does, or a file
 * that somebody else renews.
 */
export async function configuredToken(options: ConnectOptions): Promise<AccountToken | undefined> {
  const { user } = await loadConfigured(options);
  return user.token === undefined ? undefined : readAccountToken(user.token);
}

/** The cluster whose Pod this process is, with the token that the kubelet renews; undefined elsewhere. */
export async function podContext(): Promise<KubeconfigContext | undefined> {
  const config = podConfig(processEnvironment());
  return config && loadContext(config, undefined);
}

async function loadContext(config: ClientConfig, context: string | undefined): Promise<KubeconfigContext> {
  if (config.from === 'files') return loadKubeconfig({ files: config.files, context });
  const file = (name: string): Promise<string> => readFile(join(config.folder, name), 'utf8');
  return {
    server: config.server,
    ca: await file('ca.crt'),
    skipTLSVerify: false,
    namespace: (await file('namespace').catch(() => 'default')).trim(),
    user: { name: 'service account', tokenFile: join(config.folder, 'token') },
  };
}
