import { goJson } from '../../machinery/go-text.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { modelRecipient } from '../../types/credentials/model-credentials.ts';
import { transportRecipient } from '../../types/credentials/server-credentials.ts';
import { PUBLIC_NAMESPACE } from '../../types/shells/shell.ts';

/** That an object takes something from another one: its configuration, its key, its work. */
export interface Reference {
  /** Such as `spec.modelRef`. */
  field: string;
  to: ReferredObject;
  /** The field that decides the use of the object: the address that gets a key. Another one makes another reference. */
  use: string;
}

export interface ReferredObject {
  group: string;
  version: string;
  plural: string;
  namespace: string;
  name: string;
}

type ReferredKind = Pick<ReferredObject, 'group' | 'plural' | 'version'>;

const own = (plural: string, version = 'v1'): ReferredKind => ({ group: 'agent.wecode.io', version, plural });
const core = (plural: string): ReferredKind => ({ group: '', version: 'v1', plural });

const BOTS = own('bots');
const GHOSTS = own('ghosts');
const MODELS = own('models');
const SHELLS = own('shells');
const TASKS = own('tasks');
const TEAMS = own('teams');
const WORKSPACES = own('workspaces');
const COLLABORATIONS = own('collaborations', 'v1alpha1');
const MCP_SERVERS = own('mcpservers', 'v1alpha1');
const SKILLS = own('skills', 'v1alpha1');
const TASK_REVISIONS = own('taskrevisions', 'v1alpha1');
const SECRETS = core('secrets');
const CONFIG_MAPS = core('configmaps');
const SERVICE_ACCOUNTS = core('serviceaccounts');

/** Collects what one object refers to; of any form, since it may be read before it is validated. */
class Collector {
  readonly found: Reference[] = [];
  readonly namespace: string;

  constructor(namespace: string) {
    this.namespace = namespace;
  }

  /** A reference of the form `{name, namespace?}`. */
  add(kind: ReferredKind, field: string, reference: unknown): void {
    const { name, namespace } = fieldsOf(reference);
    this.addName(kind, field, { name, namespace });
  }

  addName(
    kind: ReferredKind,
    field: string,
    { name, namespace, use = '' }: { name: unknown; namespace?: unknown; use?: string },
  ): void {
    if (typeof name !== 'string' || name === '') return;
    const place = typeof namespace === 'string' && namespace !== '' ? namespace : this.namespace;
    this.found.push({ field, to: { ...kind, namespace: place, name }, use });
  }
}

type Collect = (spec: JsonObject, into: Collector) => void;

/** By resource. */
const KINDS: ReadonlyMap<string, Collect> = new Map<string, Collect>([
  ['approvals.agent.wecode.io', (spec, into) => ofNotify(spec['notify'], 'spec.notify', into)],
  ['bots.agent.wecode.io', ofBot],
  ['collaborations.agent.wecode.io', (spec, into) => ofSteps(spec['steps'], 'spec.steps', into)],
  ['ghosts.agent.wecode.io', ofGhost],
  ['mcpservers.agent.wecode.io', ofMCPServer],
  ['models.agent.wecode.io', ofModel],
  ['sandboxes.agent.wecode.io', ofSandbox],
  ['shells.agent.wecode.io', ofShell],
  ['skills.agent.wecode.io', ofSkill],
  ['syncs.agent.wecode.io', ofSync],
  ['taskrevisions.agent.wecode.io', ofTaskRevision],
  ['tasks.agent.wecode.io', ofTask],
  ['teams.agent.wecode.io', ofTeam],
  ['workspaces.agent.wecode.io', (spec, into) => ofRepository(spec['repository'], 'spec.repository', into)],
]);

/** All that an object refers to. @param resource `bots.agent.wecode.io` */
export function referencesOf(
  resource: string,
  namespace: string,
  object: Unstructured,
): readonly Reference[] {
  const collect = KINDS.get(resource);
  if (collect === undefined) return [];
  const into = new Collector(namespace);
  collect(fieldsOf(object['spec']), into);
  return into.found;
}

/** One text for equal references, wherever they stand. */
export const referenceKey = ({ to, use }: Reference): string =>
  JSON.stringify([to.group, to.plural, to.namespace, to.name, use]);

function ofBot(spec: JsonObject, into: Collector): void {
  into.add(GHOSTS, 'spec.ghostRef', spec['ghostRef']);
  into.add(SHELLS, 'spec.shellRef', spec['shellRef']);
  into.add(MODELS, 'spec.modelRef', spec['modelRef']);
  into.add(MODELS, 'spec.secondaryModelRef', spec['secondaryModelRef']);
}

function ofTeam(spec: JsonObject, into: Collector): void {
  for (const [index, member] of itemsOf(spec['members'])) {
    const { botRef, approval } = fieldsOf(member);
    into.add(BOTS, `spec.members[${index}].botRef`, botRef);
    ofNotify(fieldsOf(approval)['notify'], `spec.members[${index}].approval.notify`, into);
  }
  into.add(COLLABORATIONS, 'spec.collaborationRef', spec['collaborationRef']);
  into.addName(TASK_REVISIONS, 'spec.revision', { name: spec['revision'] });
  ofNotify(fieldsOf(spec['approval'])['notify'], 'spec.approval.notify', into);
}

/** Its value signs what is sent to the address, and may be the address. */
function ofNotify(notify: unknown, field: string, into: Collector): void {
  const { url = '', secretRef } = fieldsOf(fieldsOf(notify)['webhook']);
  const { name, namespace, key = '' } = fieldsOf(secretRef);
  into.addName(SECRETS, `${field}.webhook.secretRef`, { name, namespace, use: goJson([key, url]) });
}

function ofTask(spec: JsonObject, into: Collector): void {
  into.add(TEAMS, 'spec.teamRef', spec['teamRef']);
  into.add(WORKSPACES, 'spec.workspaceRef', spec['workspaceRef']);
  into.addName(TASK_REVISIONS, 'spec.revision', { name: spec['revision'] });
  // The work of that Task's agents is taken over.
  into.addName(TASKS, 'spec.forkFrom', { name: fieldsOf(spec['forkFrom'])['task'] });
  const { secretRef, url = '' } = fieldsOf(spec['callback']);
  into.addName(SECRETS, 'spec.callback.secretRef', { name: fieldsOf(secretRef)['name'], use: goJson(url) });
}

function ofGhost(spec: JsonObject, into: Collector): void {
  for (const [index, server] of itemsOf(spec['mcpServerRefs'])) {
    into.add(MCP_SERVERS, `spec.mcpServerRefs[${index}]`, server);
  }
  // A bare name means a Skill of the namespace or a public one: nothing of anybody else's.
  for (const [name, reference] of Object.entries(fieldsOf(spec['skill_refs']))) {
    const { namespace = 'default', is_public: isPublic } = fieldsOf(reference);
    const place = isPublic === true ? PUBLIC_NAMESPACE : namespace;
    into.addName(SKILLS, `spec.skill_refs.${name}`, { name, namespace: place });
  }
}

function ofShell(spec: JsonObject, into: Collector): void {
  into.addName(SHELLS, 'spec.baseShellRef', { name: spec['baseShellRef'] });
  ofPullSecrets({ image: spec['baseImage'], secrets: spec['imagePullSecrets'] }, 'spec', into);
}

/** The registry of the image gets their values. */
function ofPullSecrets(
  { image, secrets }: { image: unknown; secrets: unknown },
  field: string,
  into: Collector,
): void {
  for (const [index, secret] of itemsOf(secrets)) {
    const { name, namespace } = fieldsOf(secret);
    into.addName(SECRETS, `${field}.imagePullSecrets[${index}]`, {
      name,
      namespace,
      use: goJson(image ?? ''),
    });
  }
}

function ofSkill(spec: JsonObject, into: Collector): void {
  const { configMap, git } = fieldsOf(spec['source']);
  into.addName(CONFIG_MAPS, 'spec.source.configMap', { name: fieldsOf(configMap)['name'] });
  const { secretRef, url = '' } = fieldsOf(git);
  into.addName(SECRETS, 'spec.source.git.secretRef', { name: fieldsOf(secretRef)['name'], use: goJson(url) });
}

/** Git gets the one value, and whoever knows the other one may have the repository looked at. */
function ofSync(spec: JsonObject, into: Collector): void {
  const { secretRef, url = '', ref = '' } = fieldsOf(spec['source']);
  into.addName(SECRETS, 'spec.source.secretRef', { name: fieldsOf(secretRef)['name'], use: goJson(url) });
  const { name } = fieldsOf(fieldsOf(spec['webhook'])['secretRef']);
  into.addName(SECRETS, 'spec.webhook.secretRef', { name });
  // Manifests from there get the rights of the account. Strangers may push some refs, such as those of pull requests.
  const use = goJson([url, ref, spec['path'] ?? '']);
  into.addName(SERVICE_ACCOUNTS, 'spec.serviceAccountName', { name: spec['serviceAccountName'], use });
}

/** Whoever names a Secret beside an address has its value sent there. */
function ofModel(spec: JsonObject, into: Collector): void {
  const { name, key = '' } = fieldsOf(spec['secretRef']);
  into.addName(SECRETS, 'spec.secretRef', { name, use: goJson([key, modelRecipient(spec)]) });
}

function ofMCPServer(spec: JsonObject, into: Collector): void {
  const transport = fieldsOf(spec['transport']);
  const use = transportRecipient(transport);
  for (const [way, fields] of Object.entries(transport)) {
    for (const list of ['env', 'headers']) {
      for (const [index, item] of itemsOf(fieldsOf(fields)[list])) {
        const { name } = fieldsOf(fieldsOf(fieldsOf(item)['valueFrom'])['secretKeyRef']);
        into.addName(SECRETS, `spec.transport.${way}.${list}[${index}].valueFrom.secretKeyRef`, {
          name,
          use,
        });
      }
    }
  }
}

function ofRepository(repository: unknown, field: string, into: Collector): void {
  const { secretRef, gitUrl = '' } = fieldsOf(repository);
  into.addName(SECRETS, `${field}.secretRef`, { name: fieldsOf(secretRef)['name'], use: goJson(gitUrl) });
}

/** A run of an agent or an action, which a Sandbox is and a node of a plan becomes: whoever makes one uses all that it names. */
function ofRun(run: JsonObject, field: string, into: Collector): void {
  ofNotify(fieldsOf(run['approval'])['notify'], `${field}.approval.notify`, into);
  const agent = fieldsOf(run['agent']);
  into.add(GHOSTS, `${field}.agent.ghostRef`, agent['ghostRef']);
  into.add(MODELS, `${field}.model.ref`, fieldsOf(run['model'])['ref']);
  ofUsedWorkspace(run['workspace'], `${field}.workspace`, into);
  const { image, imagePullSecrets: secrets } = fieldsOf(run['shell']);
  ofPullSecrets({ image, secrets }, `${field}.shell`, into);
  for (const [name, entry] of Object.entries(fieldsOf(agent['mcpServers']))) {
    into.add(MCP_SERVERS, `${field}.agent.mcpServers.${name}.serverRef`, fieldsOf(entry)['serverRef']);
  }
  for (const [index, skill] of itemsOf(agent['skills']))
    into.add(SKILLS, `${field}.agent.skills[${index}]`, skill);
  ofAction(run['action'], `${field}.action`, into);
}

function ofAction(action: unknown, field: string, into: Collector): void {
  const { script, http, mcp } = fieldsOf(action);
  const { image, imagePullSecrets: secrets } = fieldsOf(script);
  ofPullSecrets({ image, secrets }, `${field}.script`, into);
  const { headers, url } = fieldsOf(http);
  for (const [index, header] of itemsOf(headers)) {
    const { name, namespace, key = '' } = fieldsOf(fieldsOf(fieldsOf(header)['valueFrom'])['secretKeyRef']);
    const use = goJson([key, recipientOf(url)]);
    const at = `${field}.http.headers[${index}].valueFrom.secretKeyRef`;
    into.addName(SECRETS, at, { name, namespace, use });
  }
  const { server, serverRef } = fieldsOf(mcp);
  into.add(MCP_SERVERS, `${field}.mcp.serverRef`, serverRef);
  into.add(MCP_SERVERS, `${field}.mcp.server.serverRef`, fieldsOf(server)['serverRef']);
}

/** Steps of a workflow, and those within them. */
function ofSteps(steps: unknown, field: string, into: Collector): void {
  for (const [index, step] of itemsOf(steps)) {
    const { action, steps: inner } = fieldsOf(step);
    ofAction(action, `${field}[${index}].action`, into);
    ofSteps(inner, `${field}[${index}].steps`, into);
  }
}

/** Who gets what is sent to a URL: paths and queries of one service are the same one's. */
const recipientOf = (url: unknown): string =>
  typeof url === 'string' && URL.canParse(url) ? new URL(url).origin : goJson(url ?? '');

function ofSandbox(spec: JsonObject, into: Collector): void {
  ofRun(spec, 'spec', into);
  const { mcpServer, skill } = fieldsOf(spec['probe']);
  into.add(MCP_SERVERS, 'spec.probe.mcpServer.serverRef', fieldsOf(mcpServer)['serverRef']);
  const { secretName, gitUrl = '' } = fieldsOf(skill);
  into.addName(SECRETS, 'spec.probe.skill.secretName', { name: secretName, use: goJson(gitUrl) });
}

function ofTaskRevision(spec: JsonObject, into: Collector): void {
  into.add(TEAMS, 'spec.teamRef', spec['teamRef']);
  ofNotify(fieldsOf(spec['approval'])['notify'], 'spec.approval.notify', into);
  ofUsedWorkspace(spec['workspace'], 'spec.workspace', into);
  for (const [index, node] of itemsOf(spec['nodes'])) ofRun(fieldsOf(node), `spec.nodes[${index}]`, into);
  for (const [name, member] of Object.entries(fieldsOf(spec['members'])))
    ofRun(fieldsOf(member), `spec.members.${name}`, into);
  for (const [name, action] of Object.entries(fieldsOf(fieldsOf(spec['program'])['actions'])))
    ofAction(action, `spec.program.actions.${name}`, into);
}

/** The Secret is in the namespace of the Workspace. */
function ofUsedWorkspace(workspace: unknown, field: string, into: Collector): void {
  const { ref, secretName, gitUrl = '' } = fieldsOf(workspace);
  into.add(WORKSPACES, `${field}.ref`, ref);
  const { namespace } = fieldsOf(ref);
  into.addName(SECRETS, `${field}.secretName`, { name: secretName, namespace, use: goJson(gitUrl) });
}

const itemsOf = (list: unknown): [number, unknown][] => (Array.isArray(list) ? [...list.entries()] : []);
