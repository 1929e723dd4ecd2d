import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import type { TestApi } from '../../kit/api.ts';
import { auditedApi, auditEvents } from '../../kit/audited-api.ts';
import type { AuditedApi } from '../../kit/audited-api.ts';
import { commandsFor } from '../../kit/command.ts';
import { goProgram } from '../../kit/go-program.ts';
import { manifests } from '../../kit/manifests.ts';
import { serviceAccountKubeconfig } from '../../kit/service-account-kubeconfig.ts';
import { startProgram } from './background-program.ts';
import type { BackgroundProgram } from './background-program.ts';

const program = goProgram('clients');
/** The program looks at the file of its token once a minute; an informer that was refused tries again after up to 30 s. */
const TIME_LIMIT_MS = 180_000;

const WIDGETS = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.clients.example.com }
spec:
  group: clients.example.com
  scope: Namespaced
  names: { kind: Widget, listKind: WidgetList, plural: widgets, singular: widget }
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {} }
      schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } }
`;

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

const own = (resource: string, verbs: string[]): Rule => ({
  apiGroups: ['clients.example.com'],
  resources: [resource],
  verbs,
});
const STATUS = own('widgets/status', ['patch']);
const READ = own('widgets', ['list', 'watch']);
/** Exactly what it does, and nothing in another namespace. */
const RULES: Rule[] = [
  READ,
  // It reads them once more before it puts its finalizer in or takes it out.
  own('widgets', ['get', 'update']),
  STATUS,
  // The ConfigMap that it makes blocks the deletion of its Widget.
  own('widgets/finalizers', ['update']),
  { apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'watch', 'create', 'patch'] },
  { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
];

const role = (rules: Rule[]): string =>
  manifests({
    ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' },
    metadata: { name: 'operator', namespace: 'default' },
    rules,
  });
const BINDING = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: operator, namespace: default }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: operator }
subjects: [{ kind: ServiceAccount, name: operator, namespace: default }]
---
apiVersion: v1
kind: Secret
metadata: { name: first-token, namespace: default }
`;

/** A manager of controller-runtime as a ServiceAccount with a Role, its token in a file that somebody renews. */
describe.skipIf(program.missing)('a manager of controller-runtime', () => {
  const stack = new AsyncDisposableStack();
  let audited: AuditedApi;
  let api: TestApi;
  let folder: TemporaryFolder;
  let operator: BackgroundProgram;
  const tokenFile = (): string => path.join(folder.path, 'token');
  const owner = (...args: string[]): Promise<string> => commandsFor(api.kubeconfig).mustKubectl(args);
  const giveRights = (rules: Rule[]): Promise<string> => commandsFor(api.kubeconfig).apply(role(rules));
  const make = (name: string): Promise<string> =>
    commandsFor(api.kubeconfig).apply(
      JSON.stringify({ apiVersion: 'clients.example.com/v1', kind: 'Widget', metadata: { name } }),
    );

  beforeAll(async () => {
    audited = stack.use(await auditedApi());
    ({ api } = audited);
    folder = stack.use(await temporaryFolder('operator'));
    await commandsFor(api.kubeconfig).apply(WIDGETS);
    await owner('wait', '--for=condition=Established', 'crd/widgets.clients.example.com');
    const file = path.join(folder.path, 'kubeconfig');
    const rights = `${role(RULES)}---${BINDING}`;
    await serviceAccountKubeconfig({ kubeconfig: api.kubeconfig, file, name: 'operator', rights });
    const bound = ['--bound-object-kind=Secret', '--bound-object-name=first-token'];
    await writeFile(tokenFile(), await owner('create', 'token', 'operator', ...bound));
    const { mustKubectl } = commandsFor(file);
    await mustKubectl(['config', 'unset', 'users.operator.token']);
    await mustKubectl(['config', 'set', 'users.operator.tokenFile', tokenFile()]);
    operator = stack.use(await startProgram(program.path, ['operator'], { KUBECONFIG: file }));
  });

  afterAll(() => stack.disposeAsync());

  /** The refusals that the operator has met until now. */
  const refused = (): string[] =>
    auditEvents(audited.logFile)
      .filter(
        ({ user, stage }) => user.username?.endsWith(':operator') === true && stage === 'ResponseComplete',
      )
      .filter(({ responseStatus }) => [401, 403].includes(responseStatus?.code ?? 0))
      .map(
        ({ verb, requestURI, responseStatus }) =>
          `${responseStatus?.code} ${verb} ${requestURI} ${responseStatus?.message}`,
      );

  it('leads and works with the rights that its work takes, without a single refusal', async () => {
    await operator.says('operator leads');
    await make('one');
    await operator.says('operator reconciled one');
    expect(await owner('get', 'widget', 'one', '-o', 'jsonpath={.status.ready}')).toBe('true');
    const events = (): Promise<string> => owner('get', 'events', '--field-selector=reason=Reconciled');
    await expect.poll(events, { timeout: 30_000 }).toContain('it has its ConfigMap');
    expect(refused()).toEqual([]);
  });

  it('is refused what is taken away while it runs, and goes on when it is given back', async () => {
    await giveRights(RULES.filter((rule) => rule !== STATUS));
    await make('two');
    await operator.says('operator failed two Forbidden');
    await giveRights(RULES);
    await operator.says('operator reconciled two');
  });

  it(
    'no longer hears of its objects without the right to read them, and of all of them later',
    async () => {
      await giveRights(RULES.filter((rule) => rule !== READ));
      await expect
        .poll(refused, { timeout: 60_000 })
        .toContainEqual(expect.stringMatching(/^403 (list|watch) .*\/widgets/));
      await make('three');
      await giveRights(RULES);
      await operator.says('operator reconciled three');
    },
    TIME_LIMIT_MS,
  );

  it(
    'takes a token that is renewed in its file, and works on when the one before is gone',
    async () => {
      await writeFile(tokenFile(), await owner('create', 'token', 'operator'));
      await operator.says('operator comes with another token');
      await owner('delete', 'secret', 'first-token');
      await make('four');
      await operator.says('operator reconciled four');
      expect(refused().filter((line) => line.startsWith('401'))).toEqual([]);
    },
    TIME_LIMIT_MS,
  );

  it('is nobody once its account is deleted', async () => {
    await owner('delete', 'serviceaccount', 'operator');
    await operator.says('operator failed review Unauthorized');
  });
});
