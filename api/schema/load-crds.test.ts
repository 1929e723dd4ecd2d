import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Unstructured } from '../machinery/meta.ts';
import { defaultCustomResourceDefinition, withStorageVersion } from './crd/default-definition.ts';
import { validateCustomResourceDefinition } from './crd/validate-definition.ts';
import { loadCrds, loadDefinitions } from './load-crds.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

const CRDS = join(import.meta.dirname, '..', '..', 'crds');
const definitions = loadDefinitions();
const ours = definitions.filter((definition) => !definition.builtIn);
const named = (list: ResourceDefinition[]) =>
  list.map((definition) => ({ kind: definition.kind, definition }));

describe('crds/', () => {
  it('defines these kinds', () => {
    const lines = ours.map(
      (one) => `${one.group}/${one.version} ${one.plural} ${one.scope} ${one.shortNames.join()}`,
    );
    expect(lines).toEqual([
      'agent.wecode.io/v1alpha1 apikeys Cluster ',
      'agent.wecode.io/v1alpha1 approvals Namespaced appr',
      'agent.wecode.io/v1 bots Namespaced bo',
      'agent.wecode.io/v1alpha1 collaborations Namespaced collab',
      'agent.wecode.io/v1alpha1 executors Cluster exe',
      'agent.wecode.io/v1 ghosts Namespaced gh',
      'agent.wecode.io/v1alpha1 jointokens Cluster ',
      'agent.wecode.io/v1alpha1 mcpservers Namespaced mcp',
      'agent.wecode.io/v1 models Namespaced mo',
      'agent.wecode.io/v1alpha1 sandboxes Namespaced sbx',
      'agent.wecode.io/v1 shells Namespaced sh',
      'agent.wecode.io/v1alpha1 skillpackages Namespaced skp',
      'agent.wecode.io/v1alpha1 skills Namespaced sk',
      'agent.wecode.io/v1alpha1 syncs Namespaced ',
      'agent.wecode.io/v1alpha1 taskrevisions Namespaced trev',
      'agent.wecode.io/v1 tasks Namespaced ta,tk',
      'agent.wecode.io/v1 teams Namespaced te',
      'agent.wecode.io/v1alpha1 users Cluster ',
      'agent.wecode.io/v1 workspaces Namespaced ws',
    ]);
  });

  it.each(named(ours))(
    '$kind is in the category troupe, served, stored and has a status unless it never changes',
    ({ definition }) => {
      // Whoever lists all that agents work with does not mean the accounts of people.
      const isAccount = ['APIKey', 'JoinToken', 'User'].includes(definition.kind);
      expect(definition.categories).toContain(isAccount ? 'troupe-accounts' : 'troupe');
      expect([definition.served, definition.storage]).toEqual([true, true]);
      expect(definition.hasStatus).toBe(definition.kind !== 'SkillPackage');
    },
  );

  it.each(loadCrds(CRDS))('$metadata.name is admitted, as by a real cluster', (crd) => {
    const admitted = withStorageVersion(defaultCustomResourceDefinition(crd as unknown as Unstructured));
    expect(validateCustomResourceDefinition(admitted)).toEqual([]);
  });

  it.each(named(ours))('$kind describes each of its fields', ({ definition }) => {
    const { spec, status } = definition.schema.properties ?? {};
    expect([...undescribed(spec, 'spec'), ...undescribed(status, 'status')]).toEqual([]);
  });

  it.each(named(definitions))(
    '$kind has printer columns and selectable fields that exist',
    ({ definition }) => {
      const paths = [
        ...definition.printerColumns.map((column) => column.jsonPath),
        ...definition.selectableFields,
      ];
      const simple = paths.filter((path) => /^(\.\w+)+$/.test(path) && !path.startsWith('.metadata.'));
      expect(simple.filter((path) => !exists(definition.schema, path.split('.').slice(1)))).toEqual([]);
    },
  );

  it('checks names of the seven v1 kinds as path segments, others as Kubernetes does', () => {
    const rules = Object.fromEntries(definitions.map((one) => [one.kind, one.nameRule]));
    expect(rules).toMatchObject({ Shell: 'path-segment', Sandbox: 'dns-subdomain', Namespace: 'dns-label' });
  });
});

describe('loadCrds', () => {
  it('names the file that is no CustomResourceDefinition', () => {
    const folder = mkdtempSync(join(tmpdir(), 'crds-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'a.yaml'), 'kind: Pod\n');
    expect(() => loadCrds(folder)).toThrow(/a\.yaml: not a CustomResourceDefinition/);
  });
});

function undescribed(schema: StructuralSchema | undefined, at: string): string[] {
  const found: string[] = [];
  for (const [name, child] of Object.entries(schema?.properties ?? {})) {
    if (child.description === undefined) found.push(`${at}.${name}`);
    found.push(...undescribed(child, `${at}.${name}`), ...undescribed(child.items, `${at}.${name}[]`));
  }
  return found;
}

function exists(schema: StructuralSchema | undefined, path: string[]): boolean {
  const [name, ...rest] = path;
  if (name === undefined) return schema !== undefined;
  if (schema?.['x-kubernetes-preserve-unknown-fields'] === true) return true;
  const child = schema?.properties?.[name];
  return child !== undefined && exists(child, rest);
}
