import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Meter } from '../machinery/meter.ts';
import { StatusError } from '../machinery/status-error.ts';
import type { Tracer } from '../machinery/tracing/tracer.ts';
import type { Client } from './client.ts';
import { findClientConfig, podConfig, processEnvironment } from './config.ts';
import type { ClientConfig } from './config.ts';
import { createCredentials } from './credentials.ts';
import type { Auth } from './credentials.ts';
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
  /** How to open a connection that the transport does not know, such as a WebSocket; asked for each of them. */
  dial(): Promise<DialOptions>;
  /** Cuts everything under way. */
  close(): Promise<void>;
}

/** As the TLS options and the headers of a request of Node have it. */
export interface DialOptions {
  /** `https://host:port` with an optional path before the API's own. */
  server: string;
  headers: Record<string, string>;
  ca?: string;
  cert?: string;
  key?: string;
  servername?: string;
  rejectUnauthorized: boolean;
}

export interface ConnectOptions {
  /** Path of a kubeconfig; absent: KUBECONFIG, ~/.troupe/kubeconfig, ~/.kube/config, a pod's service account. */
  kubeconfig?: string;
  /** In place of a kubeconfig: only the service account of the Pod that this process runs in. */
  inPod?: boolean;
  /** Absent: the file's current-context. */
  context?: string;
  /** Instead of the address that the context names. */
  server?: string;
  /** A file with the token to show, instead of what the context has; read again when its content changes. */
  tokenFile?: string;
  userAgent?: string;
  meter?: Meter;
  tracer?: Tracer;
}

/**
 * Opens a connection to an API server. Does not talk to it yet.
 * @throws StatusError BadRequest when there is no usable kubeconfig.
 */
export async function connect(options: ConnectOptions = {}): Promise<Connection> {
  const context = await contextOf(options);
  const credentials = await createCredentials(context.user);
  const transport = createTransport({
    ...context,
    credentials,
    ...(options.userAgent === undefined ? {} : { userAgent: options.userAgent }),
    ...(options.meter === undefined ? {} : { meter: options.meter }),
    ...(options.tracer === undefined ? {} : { tracer: options.tracer }),
  });
  return {
    client: createHttpClient({ transport }),
    taskLog: createTaskLogClient({ transport }),
    transport,
    namespace: context.namespace,
    userName: context.user.name,
    server: context.server,
    ...(context.ca === undefined ? {} : { caCertificate: context.ca }),
    dial: async () => dialOptions(context, await credentials.current()),
    close: () => transport.close(),
  };
}

function dialOptions(context: KubeconfigContext, auth: Auth): DialOptions {
  const { server, ca, tlsServerName, skipTLSVerify } = context;
  return {
    server,
    headers: auth.headers,
    ...(ca !== undefined && { ca }),
    ...(auth.certificate !== undefined && { cert: auth.certificate }),
    ...(auth.key !== undefined && { key: auth.key }),
    ...(tlsServerName !== undefined && { servername: tlsServerName }),
    rejectUnauthorized: !skipTLSVerify,
  };
}

async function contextOf(options: ConnectOptions): Promise<KubeconfigContext> {
  const loaded = await loadConfigured(options);
  const { server = loaded.server, tokenFile } = options;
  const user = tokenFile === undefined ? loaded.user : { name: loaded.user.name, tokenFile };
  return { ...loaded, server, user };
}

async function loadConfigured({ kubeconfig, context, inPod }: ConnectOptions): Promise<KubeconfigContext> {
  if (inPod === true) {
    const found = await podContext();
    if (found !== undefined) return found;
    throw new StatusError('BadRequest', 'this process does not run in a Pod with a service account');
  }
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
