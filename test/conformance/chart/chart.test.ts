import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { mustRun } from '../../kit/command.ts';
import { goProgram } from '../../kit/go-program.ts';
import { ROOT, TROUPE } from '../../kit/paths.ts';
import { CHART, CLUSTER_VERSION, objectsOf, render, tryRender, VALUE_SETS, valuesFile } from './chart.ts';
import type { ChartObject } from './chart.ts';

/** A Pod, as far as it is looked at. */
interface PodSpec {
  securityContext: Record<string, unknown>;
  containers: Container[];
  initContainers?: Container[];
  volumes?: Volume[];
}
interface Container {
  name: string;
  args: string[];
  resources: { requests?: object; limits?: { memory?: string } };
  securityContext: Record<string, unknown>;
  volumeMounts?: { name: string }[];
  livenessProbe?: object;
}
interface Volume {
  name: string;
  configMap?: { name: string };
  projected?: { defaultMode: number; sources: { configMap?: { name: string }; secret?: { name: string } }[] };
  secret?: { secretName: string; defaultMode?: number };
}

const helm4 = goProgram('helm-4');
const helm3 = goProgram('helm-3');

describe.skipIf(helm4.missing || helm3.missing)('charts/troupe', () => {
  it.each(VALUE_SETS)('passes helm lint --strict with the values of %s', async (name) => {
    for (const { path: helm } of [helm3, helm4])
      await mustRun(helm, ['lint', '--strict', CHART, ...CLUSTER_VERSION, '--values', valuesFile(name)]);
  });

  it.each(VALUE_SETS)('renders %s as it was looked at, with Helm 3 and 4', async (name) => {
    const rendered = await render(helm4.path, name);
    await expect(rendered).toMatchFileSnapshot(path.join(import.meta.dirname, 'golden', `${name}.yaml`));
    expect(objectsOf(await render(helm3.path, name))).toEqual(objectsOf(rendered));
  });

  describe.each(VALUE_SETS)('with the values of %s', (name) => {
    let objects: ChartObject[];
    let pods: { owner: string; spec: PodSpec }[];
    beforeAll(async () => {
      objects = objectsOf(await render(helm4.path, name));
      pods = objects.flatMap((object) => {
        const spec = podOf(object);
        return spec === undefined ? [] : [{ owner: `${object.kind}/${object.metadata.name}`, spec }];
      });
    });

    it('has Pods that pass Pod Security restricted, on a read-only root', () => {
      expect(pods.length).toBeGreaterThan(1);
      for (const { owner, spec } of pods) {
        expect(spec.securityContext, owner).toMatchObject({
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        });
        for (const container of containersOf(spec)) {
          expect(container.securityContext, `${owner} ${container.name}`).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
        }
      }
    });

    it('says for each container how much memory it may have, and what it asks for', () => {
      for (const { owner, spec } of pods) {
        for (const { name: container, resources } of containersOf(spec)) {
          expect(resources.limits?.memory, `${owner} ${container}`).toBeDefined();
          expect(resources.requests, `${owner} ${container}`).toHaveProperty('cpu');
        }
      }
    });

    it('mounts volumes that are there, of ConfigMaps that the chart makes', () => {
      const made = new Set(
        objects.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata }) => metadata.name),
      );
      for (const { owner, spec } of pods) {
        const volumes = spec.volumes ?? [];
        const names = new Set(volumes.map(({ name: volume }) => volume));
        for (const { volumeMounts = [] } of containersOf(spec))
          for (const mount of volumeMounts) expect(names, owner).toContain(mount.name);
        for (const configMap of volumes.flatMap(configMapsOf)) expect(made, owner).toContain(configMap);
      }
    });

    it('gives flags that the processes know', async () => {
      const help = new Map<string, string>();
      for (const { owner, spec } of pods) {
        for (const { args } of containersOf(spec)) {
          const command = args.find((word) => !word.startsWith('-')) ?? '';
          if (!help.has(command)) help.set(command, await helpOf(command, args));
          const flags = args.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0] ?? '');
          for (const flag of flags) expect(help.get(command), owner).toMatch(new RegExp(`\\s${flag}[ ,\\n]`));
        }
      }
    });

    it('has the recommended labels on everything, and the namespace of the release', () => {
      for (const { kind, metadata } of objects) {
        const where = `${kind}/${metadata.name}`;
        for (const label of ['name', 'instance', 'version', 'managed-by', 'component'])
          expect(metadata.labels, where).toHaveProperty([`app.kubernetes.io/${label}`]);
        const isOfCluster = /^(ClusterRole|ClusterRoleBinding|Namespace)$/.test(kind);
        if (!isOfCluster) expect(metadata.namespace, where).toMatch(/^troupe(-sandboxes)?$/);
      }
    });

    it('names each object once', () => {
      const keys = objects.map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}`);
      expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
    });
  });

  it.each(['values-small.yaml', 'values-production.yaml'])('renders examples/helm/%s', async (file) => {
    const values = path.join(ROOT, 'examples/helm', file);
    await mustRun(helm4.path, ['lint', '--strict', CHART, ...CLUSTER_VERSION, '--values', values]);
    const rendered = await mustRun(helm4.path, [
      'template',
      'troupe',
      CHART,
      ...CLUSTER_VERSION,
      '--values',
      values,
    ]);
    expect(objectsOf(rendered).length).toBeGreaterThan(10);
  });

  it('gives nobody rights over the cluster but the API, which may ask whose a token is', async () => {
    const objects = objectsOf(await render(helm4.path, 'everything')) as (ChartObject & {
      rules?: unknown;
    })[];
    expect(objects.filter(({ kind }) => kind === 'ClusterRole').map(({ rules }) => rules)).toEqual([
      [{ apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] }],
    ]);
    const bindings = objects.filter(({ kind }) => kind === 'ClusterRoleBinding');
    expect(bindings).toHaveLength(1);
    expect(bindings[0]).toMatchObject({ subjects: [{ name: 'troupe-api', namespace: 'troupe' }] });
  });

  it('describes each of its values', async () => {
    const schema = JSON.parse(await readFile(path.join(CHART, 'values.schema.json'), 'utf8')) as Schema;
    const values = parse(await readFile(path.join(CHART, 'values.yaml'), 'utf8')) as Record<string, unknown>;
    expect(undescribed(schema, '')).toEqual([]);
    expect(withoutDefault(schema, values, '')).toEqual(['global']);
  });

  const DATABASE = 'database={"existingSecret":"db"}';
  it.each<{ reason: string; sets: string[]; says: RegExp }>([
    {
      reason: 'no database at all',
      sets: [],
      says: /database\.existingSecret: name a Secret with the URL of MySQL or MariaDB/,
    },
    {
      reason: 'two databases',
      sets: ['database={"existingSecret":"db","sqlite":{"enabled":true}}'],
      says: /database\.sqlite\.enabled: must be false where database\.existingSecret is set/,
    },
    {
      reason: 'replicas on SQLite would have a database each',
      sets: ['database.sqlite.enabled=true'],
      says: /api\.replicas: must be 1, .* SQLite is for one process/,
    },
    {
      reason: 'a word for a number',
      sets: [DATABASE, 'api.replicas="two"'],
      says: /at '\/api\/replicas': got string, want integer/,
    },
    {
      reason: 'no replica',
      sets: [DATABASE, 'api.replicas=0'],
      says: /at '\/api\/replicas': minimum: got 0, want 1/,
    },
    {
      reason: 'a typing mistake',
      sets: [DATABASE, 'controlers={"replicas":1}'],
      says: /at '': additional properties 'controlers' not allowed/,
    },
    {
      reason: 'a typing mistake further down',
      sets: [DATABASE, 'identity.ca={"secret":"x"}'],
      says: /at '\/identity\/ca': additional properties 'secret' not allowed/,
    },
    {
      reason: 'a name that no Secret can have',
      sets: ['database={"existingSecret":"My_DB"}'],
      says: /at '\/database\/existingSecret': 'My_DB' does not match pattern/,
    },
    {
      reason: 'an address without TLS',
      sets: [DATABASE, 'api.advertiseUrl="http://troupe.example.com"'],
      says: /at '\/api\/advertiseUrl': .* does not match pattern/,
    },
    {
      reason: 'a pull policy that does not exist',
      sets: [DATABASE, 'image.pullPolicy="Sometimes"'],
      says: /at '\/image\/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'/,
    },
    {
      reason: 'an amount without a unit that exists',
      sets: [DATABASE, 'api.resources.limits.memory="2GB"'],
      says: /at '\/api\/resources\/limits\/memory': '2GB' does not match pattern/,
    },
    {
      reason: 'more sandboxes than an executor may have',
      sets: [DATABASE, 'executorManager.maxConcurrentTasks=500'],
      says: /at '\/executorManager\/maxConcurrentTasks': maximum: got 500, want 100/,
    },
    {
      reason: 'an egress that is neither a word nor a network',
      sets: [DATABASE, 'sandboxes.egress=["everywhere"]'],
      says: /at '\/sandboxes\/egress\/0': 'everywhere' does not match pattern/,
    },
    {
      reason: 'an HPA that can only shrink',
      sets: [DATABASE, 'api.autoscaling={"enabled":true,"minReplicas":5,"maxReplicas":3}'],
      says: /api\.autoscaling\.maxReplicas: must not be below api\.autoscaling\.minReplicas/,
    },
    {
      reason: 'no identity',
      sets: [DATABASE, 'identity.create=false'],
      says: /identity\.existingSecret: name the Secret with the key material/,
    },
    {
      reason: 'to remove a Secret that is not the chart’s',
      sets: [DATABASE, 'identity={"existingSecret":"mine","deleteOnUninstall":true}'],
      says: /identity\.deleteOnUninstall: is for the Secret that the chart makes/,
    },
    {
      reason: 'two certificates',
      sets: [DATABASE, 'tls={"existingSecret":"tls","certManager":{"enabled":true}}'],
      says: /tls\.certManager\.enabled: must be false where tls\.existingSecret is set/,
    },
    {
      reason: 'a certificate of nobody',
      sets: [DATABASE, 'tls.certManager={"enabled":true,"dnsNames":["a.example.com"]}'],
      says: /tls\.certManager\.issuerRef\.name: name the issuer/,
    },
    {
      reason: 'an Ingress for no host',
      sets: [DATABASE, 'ingress.enabled=true'],
      says: /ingress\.hosts: name at least one host/,
    },
    {
      reason: 'a route without a Gateway',
      sets: [DATABASE, 'gateway.tlsRoute.enabled=true'],
      says: /gateway\.parentRefs: name the Gateway/,
    },
    {
      reason: 'metrics that nobody may read',
      sets: [DATABASE, 'monitoring.serviceMonitor.enabled=true'],
      says: /monitoring\.serviceMonitor\.tokenSecret\.name: name a Secret/,
    },
    {
      reason: 'a class of volumes for workspaces without one',
      sets: [DATABASE, 'sandboxes={"workspace":"ephemeral","storageClass":"fast"}'],
      says: /sandboxes\.storageClass: is for sandboxes\.workspace: claim/,
    },
  ])('refuses $reason', async ({ sets, says }) => {
    for (const { path: helm } of [helm3, helm4]) {
      const { code, stderr } = await tryRender(helm, ...sets);
      expect(code).not.toBe(0);
      expect(stderr).toMatch(says);
    }
  });
});

function podOf({ kind, spec }: ChartObject): PodSpec | undefined {
  if (kind === 'Pod') return spec as unknown as PodSpec;
  const template = spec?.['template'] as { spec?: PodSpec } | undefined;
  return template?.spec;
}

const containersOf = ({ containers, initContainers = [] }: PodSpec): Container[] => [
  ...initContainers,
  ...containers,
];

const configMapsOf = ({ configMap, projected }: Volume): string[] =>
  [configMap, ...(projected?.sources ?? []).map((source) => source.configMap)].flatMap((one) =>
    one === undefined ? [] : [one.name],
  );

/** `troupe identity create NAME` has two words. */
async function helpOf(command: string, args: readonly string[]): Promise<string> {
  const words = command === 'identity' ? args.slice(0, 2) : [command];
  return mustRun(TROUPE, [...words, '--help']);
}

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
}

function undescribed({ properties = {} }: Schema, at: string): string[] {
  return Object.entries(properties).flatMap(([key, one]) => {
    const inner = undescribed(one, `${at}/${key}`);
    return (one.description ?? '') === '' ? [`${at}/${key}`].concat(inner) : inner;
  });
}

/** Where a group of values has no default at all, what is in it has none either. */
function withoutDefault({ properties = {} }: Schema, values: unknown, at: string): string[] {
  return Object.entries(properties).flatMap(([key, one]) => {
    const value = (values as Record<string, unknown>)[key];
    const where = at === '' ? key : `${at}.${key}`;
    if (value === undefined) return [where];
    const isGroup = one.properties !== undefined && Object.keys(value as object).length > 0;
    return isGroup && !['resources', 'podTemplate'].includes(key) ? withoutDefault(one, value, where) : [];
  });
}
