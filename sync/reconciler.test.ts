import { expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import { systemClock } from '#api/machinery/clock';
import type { Sync } from '#api/types/generated/sync';
import { syncReconciler } from './reconciler.ts';
import type { ReconcilerOptions } from './reconciler.ts';

const suspended = (uid: string): Sync => ({
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'Sync',
  metadata: { name: 'agents', namespace: 'team', uid },
  spec: { source: { url: 'https://host/a.git' }, suspend: true },
});

it('keeps nothing of a Sync that was deleted, nor of one whose name another one has now', async () => {
  const forgotten: string[] = [];
  let now: Sync | undefined;
  const reconcile = syncReconciler({
    syncs: { get: () => now },
    sources: { forget: (id: string) => Promise.resolve(void forgotten.push(id)) },
  } as unknown as ReconcilerOptions);
  const context = { client: {} as Client, clock: systemClock, signal: new AbortController().signal };
  for (const sync of [suspended('one'), suspended('one'), suspended('two'), undefined, undefined]) {
    now = sync;
    await reconcile('team/agents', context as unknown as Parameters<typeof reconcile>[1]);
  }
  expect(forgotten).toEqual(['one', 'two']);
});
