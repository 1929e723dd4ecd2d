import { randomBytes, randomUUID } from 'node:crypto';
import { createServerTokens } from '../authentication/tokens.ts';
import type { ServerTokens } from '../authentication/tokens.ts';
import { mastersMayDoEverything } from '../authorization/authorizers.ts';
import type { Authorizer } from '../machinery/users/authorizer.ts';
import { systemClock } from '../machinery/clock.ts';
import type { RuleResolver } from '../authorization/rule-resolver.ts';
import type { Clock } from '../machinery/clock.ts';
import type { ObjectStore } from '../storage/contract/objects.ts';
import { approvalDecisions } from './approvals/approval-decisions.ts';
import { approvalOwners } from './approvals/approval-owners.ts';
import type { AdmissionPlugins } from './admission/admission.ts';
import { executorRestriction } from './admission/executor-restriction.ts';
import { namespaceLifecycle } from './admission/namespace-lifecycle.ts';
import { postedToTasks } from './admission/posted-to-tasks.ts';
import { taskFork, taskForkNamesStep } from './admission/task-fork.ts';
import { taskParameters } from './admission/task-parameters.ts';
import { taskUser } from './admission/task-user.ts';
import { ownerReferencesPermission } from './admission/owner-references-permission.ts';
import { ownDefinitions } from './admission/own-definitions.ts';
import { roleEscalation } from './admission/role-escalation.ts';
import { userEscalation } from './admission/user-escalation.ts';
import type { ApiObject } from './reading/api-object.ts';
import type { Catalog } from './catalog.ts';
import type { RegistryContext } from './context.ts';
import { createObject } from './create.ts';
import { deleteCollection } from './delete-collection.ts';
import { deleteObject } from './delete.ts';
import { readObject } from './get.ts';
import { listObjects } from './list.ts';
import { seenAnswers } from './masks/seen-answers.ts';
import { createMasking } from './masks/masking.ts';
import { patchObject } from './patch.ts';
import { referencesNeedUse } from './references/reference-admission.ts';
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
  /** Absent: as on a server without roles, where only its owners may do anything. */
  authorizer?: Authorizer;
  /** Absent: reviews know no token. */
  tokens?: ServerTokens;
  /** Absent: nobody has any rules. */
  ruleResolver?: RuleResolver;
  clock?: Clock;
  random?: () => number;
  newUID?: () => string;
  /** The key of masks of credentials, at least 32 bytes, the same for all replicas. Absent: one of its own. */
  maskSecret?: Uint8Array;
  /** Run after the plugins that every registry has. */
  admission?: Partial<AdmissionPlugins>;
}

const NO_RULES: RuleResolver = {
  rulesOf: async () => ({ rules: [], missing: [] }),
  rulesOfRole: async () => undefined,
};

export function createRegistry(options: RegistryOptions): Registry {
  const { authorizer = mastersMayDoEverything, ruleResolver = NO_RULES, clock = systemClock } = options;
  const context: RegistryContext = {
    catalog: options.catalog,
    store: options.store,
    authorizer,
    tokens: options.tokens ?? createServerTokens({ authenticators: [], audiences: [] }),
    ruleResolver,
    clock,
    random: options.random ?? Math.random,
    newUID: options.newUID ?? randomUUID,
    masking: createMasking(options.maskSecret ?? randomBytes(32)),
    admission: admissionOf({ ...options, authorizer, ruleResolver, clock }),
  };
  const seen = seenAnswers(context);
  return {
    catalog: options.catalog,
    get: (request) => seen.object(request, getObject(context, request)),
    list: (query) => seen.list(query, listObjects(context, query)),
    watch: (query) => seen.events(query, watchObjects(context, query)),
    create: (request) =>
      request.resource.virtual === true
        ? createVirtual(context, request)
        : seen.written(request, createObject(context, request)),
    update: (request) => seen.written(request, updateObject(context, request)),
    patch: (request) => seen.written(request, patchObject(context, request)),
    delete: (request) => seen.written(request, deleteObject(context, request)),
    deleteCollection: (request) =>
      seen.list({ ...request.query, user: request.user }, deleteCollection(context, request)),
  };
}

function getObject(context: RegistryContext, { target, subresource }: GetRequest): Promise<ApiObject> {
  return subresource === 'scale' ? getScale(context, target) : readObject(context, target);
}

function admissionOf(
  options: RegistryOptions & Pick<RegistryContext, 'authorizer' | 'clock' | 'ruleResolver'>,
): AdmissionPlugins {
  const { store, authorizer, clock, admission = {} } = options;
  return {
    mutating: [
      namespaceLifecycle(store),
      ownDefinitions,
      taskUser,
      postedToTasks,
      taskFork({ store, clock }),
      approvalDecisions({ authorizer, clock }),
      ...(admission.mutating ?? []),
    ],
    validating: [
      executorRestriction(store),
      roleEscalation(options),
      ownerReferencesPermission(options),
      approvalOwners(authorizer),
      referencesNeedUse(authorizer),
      taskParameters(store),
      taskForkNamesStep(store),
      userEscalation(authorizer),
      ...(admission.validating ?? []),
    ],
  };
}
