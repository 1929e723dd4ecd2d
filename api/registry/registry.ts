import { randomUUID } from 'node:crypto';
import { createServerTokens } from '../authentication/tokens.ts';
import type { ServerTokens } from '../authentication/tokens.ts';
import { createUnionAuthorizer } from '../machinery/authorizer.ts';
import type { Authorizer } from '../machinery/authorizer.ts';
import { systemClock } from '../machinery/clock.ts';
import type { RuleResolver } from '../authorization/rule-resolver.ts';
import type { Clock } from '../machinery/clock.ts';
import type { ObjectStore } from '../storage/contract/objects.ts';
import type { AdmissionPlugins } from './admission/admission.ts';
import { namespaceLifecycle } from './admission/namespace-lifecycle.ts';
import { ownDefinitions } from './admission/own-definitions.ts';
import type { ApiObject } from './reading/api-object.ts';
import type { Catalog } from './catalog.ts';
import type { RegistryContext } from './context.ts';
import { createObject } from './create.ts';
import { deleteCollection } from './delete-collection.ts';
import { deleteObject } from './delete.ts';
import { readObject } from './get.ts';
import { listObjects } from './list.ts';
import { patchObject } from './patch.ts';
import type {
  CreateRequest,
  DeleteCollectionRequest,
  DeleteRequest,
  DeleteResult,
  GetRequest,
  ListQuery,
  ObjectList,
  PatchRequest,
  UpdateRequest,
  WatchItem,
  WatchQuery,
  WriteResult,
} from './requests.ts';
import { getScale } from './scale.ts';
import { updateObject } from './update.ts';
import { createVirtual } from './virtual/create-virtual.ts';
import { watchObjects } from './watch.ts';

/** The verbs of the API on objects of any kind: one file per verb. Failures are StatusErrors. */
export interface Registry {
  readonly catalog: Catalog;
  get(request: GetRequest): Promise<ApiObject>;
  list(query: ListQuery): Promise<ObjectList>;
  watch(query: WatchQuery): AsyncIterable<readonly WatchItem[]>;
  create(request: CreateRequest): Promise<WriteResult>;
  update(request: UpdateRequest): Promise<WriteResult>;
  patch(request: PatchRequest): Promise<WriteResult>;
  delete(request: DeleteRequest): Promise<DeleteResult>;
  /** Deletes what a list would show; answers that list. */
  deleteCollection(request: DeleteCollectionRequest): Promise<ObjectList>;
}

export interface RegistryOptions {
  catalog: Catalog;
  store: ObjectStore;
  /** Absent: nobody may do anything, as far as reviews can say. */
  authorizer?: Authorizer;
  /** Absent: reviews know no token. */
  tokens?: ServerTokens;
  /** Absent: nobody has any rules. */
  ruleResolver?: RuleResolver;
  clock?: Clock;
  random?: () => number;
  newUID?: () => string;
  /** Run after the plugins that every registry has. */
  admission?: Partial<AdmissionPlugins>;
}

const NO_RULES: RuleResolver = {
  rulesOf: async () => ({ rules: [], missing: [] }),
  rulesOfRole: async () => undefined,
};

export function createRegistry(options: RegistryOptions): Registry {
  const context: RegistryContext = {
    catalog: options.catalog,
    store: options.store,
    authorizer: options.authorizer ?? createUnionAuthorizer([]),
    tokens: options.tokens ?? createServerTokens({ authenticators: [], audiences: [] }),
    ruleResolver: options.ruleResolver ?? NO_RULES,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    newUID: options.newUID ?? randomUUID,
    admission: admissionOf(options),
  };
  return {
    catalog: options.catalog,
    get: ({ target, subresource }) =>
      subresource === 'scale' ? getScale(context, target) : readObject(context, target),
    list: (query) => listObjects(context, query),
    watch: (query) => watchObjects(context, query),
    create: (request) =>
      request.resource.virtual === true ? createVirtual(context, request) : createObject(context, request),
    update: (request) => updateObject(context, request),
    patch: (request) => patchObject(context, request),
    delete: (request) => deleteObject(context, request),
    deleteCollection: (request) => deleteCollection(context, request),
  };
}

function admissionOf({ store, admission = {} }: RegistryOptions): AdmissionPlugins {
  return {
    mutating: [namespaceLifecycle(store), ownDefinitions, ...(admission.mutating ?? [])],
    validating: admission.validating ?? [],
  };
}
