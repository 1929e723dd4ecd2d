import type { BoundKind, ObjectClaim } from '../../authentication/service-account/claims.ts';
import type { ServiceAccountTokenIssuer } from '../../authentication/service-account/token-issuer.ts';
import { NODE_UID } from '../../authentication/service-account/service-account-token.ts';
import { executorOf } from '../../authorization/executor/executor-identity.ts';
import { formatTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import { parseApiVersion } from '../../machinery/group-version-kind.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { badRequest, conflict, invalid, notFound } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import { invalidValue } from '../../structural-schema/field-error.ts';
import { shownObject } from '../reading/api-object.ts';
import type { Registry } from '../registry.ts';
import type { WriteOptions, WriteResult } from '../requests.ts';
import type { Resource, Target } from '../resource.ts';
import { translated } from '../storage-failure.ts';
import { decodeObject } from '../write/decode.ts';
import { TOKEN_OBJECTS } from './living-objects.ts';

/** `/token` of a ServiceAccount. */
export interface TokenRequests {
  /**
   * Hands out a token of the account. The answer is the request with the token in its status.
   * @throws StatusError BadRequest, Invalid, NotFound, Conflict
   */
  create(target: Target, body: unknown, options: WriteOptions): Promise<WriteResult>;
}

export interface TokenRequestOptions {
  registry: Pick<Registry, 'get'>;
  store: Pick<ObjectStore, 'get'>;
  issuer: ServiceAccountTokenIssuer;
  /** Of tokens whose request names nobody. */
  audiences: readonly string[];
  /** The longest life of a token; longer ones that are asked for get this one and a warning. */
  maxSeconds: number;
  clock: Clock;
}

interface Spec {
  audiences?: string[];
  expirationSeconds?: number;
  boundObjectRef?: BoundObjectRef;
  attestations?: Record<string, string[]>;
}

interface BoundObjectRef {
  kind?: string;
  apiVersion?: string;
  name?: string;
  uid?: string;
}

const GROUP_KIND = { group: 'authentication.k8s.io', kind: 'TokenRequest' };

/** kubernetes pkg/registry/core/serviceaccount/storage/token.go, in its order and with its texts. */
export function createTokenRequests(options: TokenRequestOptions): TokenRequests {
  const { registry, issuer, clock, maxSeconds } = options;
  return {
    async create(target, body, write) {
      const decoded = decodeObject(definitionOf(target), body, write);
      checkPlace(decoded.object, target);
      const account = (await registry.get({ target, user: write.user })).object;
      const now = clock.now();
      const spec = { ...withDefaults(decoded.object, options), ...bindingOf(write.user) };
      // Typed clients send an empty status.
      const { status: _answered, ...asked } = decoded.object;
      checkSpec(target, { ...asked, spec });
      const bound = spec.boundObjectRef && (await findBound(spec.boundObjectRef, target, options));
      const lifeSeconds = Math.min(spec.expirationSeconds, maxSeconds);
      const token = await issuer.issue({
        namespace: target.namespace,
        serviceAccount: claimOf(account),
        ...bound,
        audiences: spec.audiences,
        now,
        lifeSeconds,
      });
      const { apiVersion, kind } = decoded.object;
      const { name, namespace } = target;
      const metadata = { name, namespace, creationTimestamp: formatTime(now) };
      const status = { token, expirationTimestamp: formatTime(now + lifeSeconds * 1000) };
      return {
        object: shownObject({
          ...{ apiVersion, kind, metadata },
          spec: { ...spec, expirationSeconds: lifeSeconds },
          status,
        }),
        created: true,
        warnings: [...decoded.warnings, ...shortened(spec.expirationSeconds, maxSeconds)],
      };
    },
  };
}

function definitionOf({ resource }: Target): Resource {
  if (resource.token === undefined) throw new Error(`${resource.plural} have no tokens`);
  return resource.token;
}

function shortened(asked: number, max: number): string[] {
  return asked > max ? [`requested expiration of ${asked} seconds shortened to ${max} seconds`] : [];
}

/** @throws StatusError Invalid */
function checkPlace({ metadata }: Unstructured, { name, namespace }: Target): void {
  const causes: StatusCause[] = [];
  if (metadata.name !== undefined && metadata.name !== '' && metadata.name !== name) {
    causes.push(
      invalidValue('metadata.name', metadata.name, 'must match the service account name if specified'),
    );
  } else if ((metadata.namespace ?? '') !== '' && metadata.namespace !== namespace) {
    const detail = 'must match the service account namespace if specified';
    causes.push(invalidValue('metadata.namespace', metadata.namespace, detail));
  }
  if (causes.length > 0) throw invalid(GROUP_KIND, name, causes);
}

type DefaultedSpec = Required<Pick<Spec, 'audiences' | 'expirationSeconds'>> & Spec;

const DEFAULT_SECONDS = 60 * 60;

function withDefaults(request: Unstructured, { audiences }: TokenRequestOptions): DefaultedSpec {
  const spec = (request['spec'] ?? {}) as Spec;
  const asked = spec.audiences ?? [];
  return {
    ...spec,
    audiences: asked.length === 0 ? [...audiences] : asked,
    expirationSeconds: spec.expirationSeconds ?? DEFAULT_SECONDS,
  };
}

/**
 * Whoever has a token that ends with its Executor makes only such tokens: else to delete the Executor would not end what
 * its manager, or a thief, has made.
 */
function bindingOf(user: User): Pick<Spec, 'boundObjectRef'> {
  const executor = executorOf(user);
  const [uid] = user.extra?.[NODE_UID] ?? [];
  if (executor === undefined || uid === undefined) return {};
  return { boundObjectRef: { kind: 'Node', apiVersion: 'v1', name: executor, uid } };
}

/** @throws StatusError Invalid */
function checkSpec(target: Target, request: Unstructured & { spec: DefaultedSpec }): void {
  const ofTypes = definitionOf(target).compiled.validate(request, undefined, []);
  const problems = ofTypes.length > 0 ? ofTypes : specProblems(request.spec);
  if (problems.length > 0) throw invalid(GROUP_KIND, '', problems);
}

const MIN_SECONDS = 10 * 60;
const MAX_SECONDS = 2 ** 32;

/** kubernetes pkg/apis/authentication/validation ValidateTokenRequest. */
function specProblems({ expirationSeconds, attestations }: DefaultedSpec): StatusCause[] {
  const invalidLife = (detail: string): StatusCause[] => [
    invalidValue('spec.expirationSeconds', expirationSeconds, detail),
  ];
  if (attestations !== undefined && Object.keys(attestations).length > 0) {
    const detail = 'attestations may only be specified with a webhook bound object reference';
    return [invalidValue('spec.attestations', attestations, detail)];
  }
  if (expirationSeconds < MIN_SECONDS) return invalidLife('may not specify a duration less than 10 minutes');
  if (expirationSeconds > MAX_SECONDS) {
    return invalidLife('may not specify a duration larger than 2^32 seconds');
  }
  return [];
}

interface Bound {
  bound: ObjectClaim & { kind: BoundKind };
  node?: ObjectClaim;
}

/** The object with which the token is to end. @throws StatusError BadRequest, NotFound, Conflict */
async function findBound(
  { kind = '', apiVersion = '', name = '', uid = '' }: BoundObjectRef,
  { namespace }: Target,
  options: TokenRequestOptions,
): Promise<Bound> {
  const { group, version } = parseApiVersion(apiVersion);
  const isKnown = group === '' && (kind === 'Pod' || kind === 'Secret' || kind === 'Node');
  if (!isKnown) {
    throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${kind}`);
  }
  const object = await find({ kind, namespace, name }, options);
  const plural = `${kind.toLowerCase()}s`;
  if (object === undefined) throw notFound({ group, plural }, name);
  const claim = claimOf(object);
  if (uid !== '' && claim.uid !== uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group, plural: kind }, name, why);
  }
  const node = kind === 'Pod' ? await nodeOf(object, options) : undefined;
  return { bound: { ...claim, kind }, ...(node && { node }) };
}

/** Where a Sandbox runs: its Executor. */
async function nodeOf(sandbox: Unstructured, options: TokenRequestOptions): Promise<ObjectClaim | undefined> {
  const { executorName = '' } = (sandbox['spec'] ?? {}) as { executorName?: string };
  if (executorName === '') return undefined;
  const executor = await find({ kind: 'Node', namespace: '', name: executorName }, options);
  return executor && claimOf(executor);
}

async function find(
  { kind, namespace, name }: { kind: BoundKind; namespace: string; name: string },
  { store }: TokenRequestOptions,
): Promise<Unstructured | undefined> {
  const resource = TOKEN_OBJECTS[kind];
  const key = { resource, namespace: kind === 'Node' ? '' : namespace, name };
  const found = await translated(store.get(key), { resource: { group: '', plural: resource }, name });
  return found?.object;
}

const claimOf = ({ metadata: { name, uid = '' } }: Unstructured): ObjectClaim => ({ name, uid });
