import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { temporaryFolder } from '../../environment/temporary-folder.ts';
import { CLIENTS } from '../load/clients.ts';
import { rate } from '../load/figure.ts';
import type { Figure } from '../load/figure.ts';
import { load } from '../load/load.ts';
import type { Load } from '../load/load.ts';
import { GHOSTS, sampleGhost } from '../load/sample-object.ts';
import { apiUnderTest } from '../servers/api-under-test.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';

const ROUNDS = 5;
const GETS = 3_000;
const CREATES = 1_000;
/** Two events for each request: more than the policy to begin with. */
const POLICY = 'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: Metadata }]\n';

interface Call {
  name: string;
  count: number;
  make: (api: ApiUnderTest) => (index: number) => Promise<unknown>;
}

let made = 0;
const CALLS: readonly Call[] = [
  { name: 'get', count: GETS, make: (api) => () => api.call('GET', `${GHOSTS}/audited`) },
  {
    name: 'create',
    count: CREATES,
    make: (api) => () => {
      made += 1;
      return api.call('POST', GHOSTS, sampleGhost(`created-${made}`));
    },
  },
];

/** The costs of audit: a server that writes Metadata to a file beside one that writes nothing, in turns. */
export async function measureAudit(): Promise<Figure[]> {
  await using folder = await temporaryFolder('audit');
  const policy = path.join(folder.path, 'policy.yaml');
  await writeFile(policy, POLICY);
  const log = path.join(folder.path, 'audit.log');
  const flags = (mode: string): string[] => [
    ...['api', '--audit-policy-file', policy, '--audit-log-path', `${log}.${mode}`, '--audit-log-mode', mode],
  ];
  await using plain = await apiUnderTest();
  await using batch = await apiUnderTest({ command: flags('batch') });
  await using blocking = await apiUnderTest({ command: flags('blocking') });
  const servers = { plain, batch, blocking };
  for (const api of Object.values(servers)) {
    await api.call('POST', GHOSTS, sampleGhost('audited'));
    for (const call of CALLS) await load({ count: 500, concurrency: CLIENTS, call: call.make(api) });
  }
  const figures: Figure[] = [];
  for (const call of CALLS) {
    const loads: Record<string, Load[]> = { plain: [], batch: [], blocking: [] };
    // In turns, since others use the machine, too.
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [name, api] of Object.entries(servers)) {
        const { count } = call;
        loads[name]?.push(await load({ count, concurrency: CLIENTS, call: call.make(api), pid: api.pid }));
      }
    }
    figures.push(...compared(call.name, loads));
  }
  return figures;
}

function compared(name: string, loads: Readonly<Record<string, Load[]>>): Figure[] {
  const plain = middle(loads['plain'] ?? []);
  return Object.entries(loads).map(([mode, all]) => {
    const { perSecond, p50Ms, p99Ms, cpuUs } = middle(all);
    const figure = { on: 'sqlite', value: rate(perSecond), p50Ms, p99Ms, cpuUs };
    if (mode === 'plain') return Object.assign(figure, { name: `${name}, no audit` });
    return Object.assign(figure, {
      name: `${name}, Metadata to a file, ${mode}`,
      floor: `no audit ${rate(plain.perSecond)}`,
      ratio: (cpuUs ?? 0) / (plain.cpuUs ?? 1),
    });
  });
}

/** The round of median processor time. */
function middle(loads: readonly Load[]): Load {
  const sorted = loads.toSorted((a, b) => (a.cpuUs ?? 0) - (b.cpuUs ?? 0));
  const found = sorted[Math.floor(sorted.length / 2)];
  if (found === undefined) throw new Error('nothing was measured');
  return found;
}
