import path from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UpgradeReport } from '#cli/upgrade/report';
import { EXECUTORS } from '#api/types/resources';
import { VERSION } from '#api/machinery/version';
import { startRestartableApi } from '../../kit/restartable-api.ts';
import type { RestartableApi } from '../../kit/restartable-api.ts';
import { serviceAccountKubeconfig } from '../../kit/service-account-kubeconfig.ts';
import { done } from './terminal.ts';

const TEAM = `apiVersion: agent.wecode.io/v1
kind: Team
metadata: {name: TEAM}
spec: {collaborationModel: solo, members: [{botRef: {name: bot}}]}
---
`;

const READS_TEAMS = `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reads-teams}
rules: [{apiGroups: [agent.wecode.io], resources: [teams], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reads-teams}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reads-teams}
subjects: [{kind: ServiceAccount, name: stranger, namespace: default}]
`;

describe('troupe upgrade check', () => {
  let server: RestartableApi;
  const check = (...words: string[]) => done(server.kubeconfig, ['upgrade', 'check', ...words]);

  beforeAll(async () => {
    server = await startRestartableApi();
    const names = ['fine', 'broken', 'other'];
    await done(
      server.kubeconfig,
      ['apply', '-f', '-'],
      names.map((name) => TEAM.replace('TEAM', name)).join(''),
    );
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('says that nothing hinders a server of the same version', async () => {
    const { code, stdout, stderr } = await check();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      new RegExp(
        `^PART +RUNNING +UPGRADE\napi +${VERSION} +${VERSION}\ndatabase schema +(\\d+) +\\1\n\nnothing hinders the upgrade\n$`,
      ),
    );
  });

  it('says what a user may not see', async () => {
    const file = path.join(path.dirname(server.kubeconfig), 'stranger');
    const { kubeconfig } = server;
    await serviceAccountKubeconfig({ kubeconfig, file, name: 'stranger', rights: READS_TEAMS });
    const { code, stdout, stderr } = await done(file, ['upgrade', 'check', '-o', 'json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { parts, findings } = JSON.parse(stdout) as UpgradeReport;
    expect(parts[0]).toEqual({ name: 'api', running: VERSION, upgrade: VERSION });
    const unchecked = findings.filter(({ message }) => message.startsWith('not checked: '));
    expect(unchecked.map(({ about }) => about)).toEqual([
      'controllers',
      'executors',
      expect.stringMatching(/shells, tasks, workspaces/),
    ]);
  });

  it('finds objects of an earlier version, and executors that are older', async () => {
    await server.restart(async () => storeAsBefore(server));
    const executor = await server.connection.client.create(EXECUTORS, {
      ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Executor' },
      ...{ metadata: { name: 'old' }, spec: {} },
    });
    await server.connection.client.updateStatus(EXECUTORS, { ...executor, status: { version: '0.0.1' } });
    const { code, stdout } = await check('-o', 'yaml');
    expect(code).toBe(1);
    expect(stdout).toContain('ready: false\n');
    const { stdout: text, code: again } = await check();
    expect(again).toBe(1);
    expect(text.split('\n\n').slice(1)).toEqual([
      'HINDERS  team/default/broken: is invalid in this version: spec.collaborationModel: Required value: needed where collaborationRef is absent\n' +
        '         change it, or delete it, before the upgrade',
      `WARNING  executor/old: its executor manager is older (0.0.1) than this command\n` +
        '         upgrade it and its sandbox image with the servers; troupe drain old lets its runs end first',
      'WARNING  team/default/broken: has fields that this version does not know: spec.formerly\n' +
        '         they are gone after the next write: save them',
      'the upgrade is hindered\n',
    ]);
  });
});

/** Writes a Team as only an earlier version could have: a server takes what is in its database as it is. */
async function storeAsBefore({ kubeconfig }: RestartableApi): Promise<void> {
  const database = new Database(path.join(path.dirname(kubeconfig), 'troupe.db'));
  const changed = database
    .prepare(
      `UPDATE revisions SET body = replace(body, '"collaborationModel"', '"formerly"')
       WHERE resource LIKE 'teams%' AND name = 'broken'`,
    )
    .run();
  database.close();
  expect(changed.changes).toBe(1);
}
