import type { Client } from '#api/client/client';
import type { Transport } from '#api/client/transport';
import { transportAs } from '#api/client/transport';
import { createHttpClient } from '#api/client/http-client';
import type { Clock } from '#api/machinery/clock';
import { refOf } from '#api/machinery/resource-type';
import { SECRETS, SYNCS } from '#api/types/resources';
import type { Sync } from '#api/types/generated/sync';
import { applyRevision } from './apply/apply-revision.ts';
import type { AppliedRevision } from './apply/apply-revision.ts';
import { hasParentMetadata, parentMetadata } from './apply/apply-set.ts';
import type { SetScope } from './apply/apply-set.ts';
import { readManifests } from './manifests/read-manifests.ts';
import type { AskedSource } from './source/asked-source.ts';
import type { Sources } from './source/sources.ts';
import type { FetchedSource } from './source/source.ts';
import { wantedSource } from './source/wanted-source.ts';
import type { GivenCredential } from './source/wanted-source.ts';

export interface RoundOptions {
  /** Of the process: it reads Syncs and the Secrets that they name, and acts as their accounts. */
  transport: Transport;
  sources: Sources;
  /** Variables for programs. */
  environment: Readonly<Record<string, string>>;
  clock: Clock;
  /**
   * Of a loop for one Sync, which works on it with the rights of the process where it names no account, and whose addresses are
   * trusted; absent for others.
   */
  asked?: AskedSource;
  /** In place of the Secret. */
  given?: GivenCredential;
}

export interface RoundContext {
  client: Pick<Client, 'find' | 'patch'>;
  signal: AbortSignal;
}

/** The newest revision of the source of a Sync, on the disk. @throws SyncFailure; StatusError; the signal's reason */
export async function fetchSource(
  sync: Sync,
  { sources, given, asked }: RoundOptions,
  { client, signal }: RoundContext,
): Promise<FetchedSource> {
  asked?.check(sync);
  const { secretRef } = sync.spec.source;
  const secret =
    secretRef === undefined ? undefined : await client.find(SECRETS, refOf(sync, secretRef.name));
  const wanted = wantedSource({ sync, secret, given, isTrusted: asked !== undefined });
  return sources.fetch(idOf(sync), wanted, signal);
}

/** Of this Sync and of no later one of its name; of no form that a file may not have as its name. */
export const idOf = ({ metadata }: Sync): string => metadata.uid ?? '';

/** Makes the objects those of a revision. @throws as applyRevision */
export async function applySource(
  sync: Sync,
  source: FetchedSource,
  { options, context }: { options: RoundOptions; context: RoundContext },
): Promise<AppliedRevision> {
  const { environment, clock } = options;
  const { signal } = context;
  const folder = { root: source.folder, path: sync.spec.path ?? '', environment, signal };
  const manifests = await readManifests(folder);
  const client = clientOf(sync, options.transport).within(signal);
  const note = (scope: SetScope): Promise<void> => noteScope(sync, scope, context);
  return applyRevision({ sync, manifests, client, note, clock, signal });
}

/** The client of the account that the Sync names, or of the process. */
function clientOf({ spec, metadata }: Sync, transport: Transport): Client {
  const { serviceAccountName: account } = spec;
  if (account === undefined) return createHttpClient({ transport });
  const user = `system:serviceaccount:${metadata.namespace ?? ''}:${account}`;
  return createHttpClient({ transport: transportAs(transport, user) });
}

async function noteScope(sync: Sync, scope: SetScope, { client }: RoundContext): Promise<void> {
  if (hasParentMetadata(sync, scope)) return;
  await client.patch(SYNCS, refOf(sync), { type: 'merge', body: { metadata: parentMetadata(sync, scope) } });
}
