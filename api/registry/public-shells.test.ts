import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../machinery/clock.ts';
import { silentLogger } from '../machinery/logger.ts';
import { API_SERVER_USER } from '../machinery/users/user.ts';
import { loadDefinitions } from '../schema/load-crds.ts';
import type { Store } from '../storage/contract/store.ts';
import { openStore } from '../storage/open-store.ts';
import { PUBLIC_SHELLS } from '../types/shells/shell.ts';
import { createCatalog } from './catalog.ts';
import { createInitialNamespaces } from './initial-namespaces.ts';
import { applyPublicShells } from './public-shells.ts';
import { createRegistry } from './registry.ts';
import type { Registry } from './registry.ts';
import type { Target } from './resource.ts';

const clock: Clock = { now: () => Date.UTC(2026, 10, 29), after: () => () => undefined };
const write = { user: API_SERVER_USER, dryRun: false, fieldValidation: 'Strict' } as const;
let store: Store;
let registry: Registry;

beforeAll(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  registry = createRegistry({ catalog: createCatalog(loadDefinitions()), store, clock });
  await createInitialNamespaces(registry);
});
beforeEach(() => applyPublicShells(registry, silentLogger));
afterAll(() => store.close());

function target(name: string): Target {
  const resource = registry.catalog.current().find(({ kind }) => kind === 'Shell');
  if (resource === undefined) throw new Error('no kind Shell');
  return { resource, namespace: 'system', name };
}

const read = async (name: string) =>
  (await registry.get({ target: target(name), user: API_SERVER_USER })).object as Record<string, unknown>;
const patch = (name: string, body: object) =>
  registry.patch({ target: target(name), type: 'merge', body, ...write });

describe('the public Shells', () => {
  it('are there for each type that needs no program of the user', async () => {
    for (const { shellType, label } of PUBLIC_SHELLS) {
      expect(await read(shellType)).toMatchObject({
        metadata: { labels: { type: label } },
        spec: { shellType },
      });
    }
  });

  it('are not written again at the next start', async () => {
    const before = await read('Chat');
    await applyPublicShells(registry, silentLogger);
    expect(await read('Chat')).toEqual(before);
  });

  it('keep what an administrator has changed or added', async () => {
    await patch('Dify', { metadata: { labels: { type: 'mine', team: 'a' } }, spec: { env: { A: 'b' } } });
    await applyPublicShells(registry, silentLogger);
    expect(await read('Dify')).toMatchObject({
      metadata: { labels: { type: 'mine', team: 'a' } },
      spec: { shellType: 'Dify', env: { A: 'b' } },
    });
  });

  it('come back at the next start when they were deleted', async () => {
    await registry.delete({ target: target('Codex'), user: API_SERVER_USER, dryRun: false });
    await applyPublicShells(registry, silentLogger);
    expect(await read('Codex')).toMatchObject({ spec: { shellType: 'Codex' } });
  });
});
