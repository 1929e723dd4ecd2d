import { isJsonObject } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import { isMask, withChanged } from './credential.ts';
import type { ChangeCredential, CredentialFields } from './credential.ts';
import { changeModelConfig } from './model-credentials.ts';
import { changeServerEntry, changeTransport } from './server-credentials.ts';
import { changeShell } from './shell-credentials.ts';

/**
 * Where objects may hold credentials. Secrets are not among them: whoever may read one may read its values, as on any
 * Kubernetes.
 */

type ChangeSpec = (spec: JsonObject, change: ChangeCredential) => JsonObject;

const KINDS: ReadonlyMap<string, ChangeSpec> = new Map<string, ChangeSpec>([
  ['models.agent.wecode.io', changeModelConfig],
  ['ghosts.agent.wecode.io', changeGhost],
  ['mcpservers.agent.wecode.io', changeMCPServer],
  ['workspaces.agent.wecode.io', (spec, change) => changeAddress(spec, ['repository', 'gitUrl'], change)],
  ['shells.agent.wecode.io', changeShell],
  ['skills.agent.wecode.io', changeSkill],
]);

/** Of a resource (`models.agent.wecode.io`); undefined where its objects hold no credentials. */
export function credentialFieldsOf(resource: string): CredentialFields<JsonObject> | undefined {
  return FIELDS.get(resource);
}

const FIELDS: ReadonlyMap<string, CredentialFields<JsonObject>> = new Map(
  [...KINDS].map(([resource, changeSpec]) => [
    resource,
    (object, change) =>
      withChanged(object, (value, name) =>
        name === 'spec' && isJsonObject(value) ? changeSpec(value, change) : value,
      ),
  ]),
);

function changeGhost(spec: JsonObject, change: ChangeCredential): JsonObject {
  return withChanged(spec, (servers, field) => {
    if (field !== 'mcpServers' || !isJsonObject(servers)) return servers;
    return withChanged(servers, (entry, name) =>
      isJsonObject(entry)
        ? changeServerEntry(entry, { field: `spec.${field}.${name}`, place: [field, name] }, change)
        : entry,
    );
  });
}

function changeMCPServer(spec: JsonObject, change: ChangeCredential): JsonObject {
  return withChanged(spec, (transport, field) =>
    field === 'transport' && isJsonObject(transport)
      ? changeTransport(transport, { field: `spec.${field}`, place: [field] }, change)
      : transport,
  );
}

function changeSkill(spec: JsonObject, change: ChangeCredential): JsonObject {
  return changeAddress(changeAddress(spec, ['source', 'git', 'url'], change), ['source', 'repo_url'], change);
}

/** An address of a repository, where it has a credential: it is masked as a whole. */
function changeAddress(spec: JsonObject, path: readonly string[], change: ChangeCredential): JsonObject {
  const field = ['spec', ...path].join('.');
  const at = (value: unknown, [name, ...rest]: readonly string[]): unknown => {
    if (name === undefined) {
      const isSecret = typeof value === 'string' && (isMask(value) || hasGitCredential(value));
      return isSecret ? change({ field, place: field, value, recipient: () => '' }) : value;
    }
    if (!isJsonObject(value)) return value;
    return withChanged(value, (one, its) => (its === name ? at(one, rest) : one));
  };
  return at(spec, path) as JsonObject;
}

/** A user name alone is how ssh logs in; over http it is often a token. */
function hasGitCredential(address: string): boolean {
  return /^https?:\/\/[^/?#]*@/i.test(address) || /^[a-z][a-z0-9+.-]*:\/\/[^/?#@]*:[^/?#]*@/i.test(address);
}
