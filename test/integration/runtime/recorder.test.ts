import { describe, expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import { withFaults } from '#api/client/with-faults';
import type { KubeObject } from '#api/machinery/meta';
import { StatusError } from '#api/machinery/status-error';
import { EVENTS } from '#api/types/resources';
import { startManager } from '#controllers/runtime/manager';
import { createRecorder } from '#controllers/runtime/recorder';
import type { RecordedEvent } from '#controllers/runtime/recorder';
import { startTestApi, WIDGETS, widget } from './made-up-kinds.ts';

const STARTED: RecordedEvent = { type: 'Normal', reason: 'Started', message: 'Started the widget' };

/** Records within the life of one recorder; when it returns, everything is written or left out. */
async function recording(
  client: Client,
  record: (tell: (about: KubeObject, event: RecordedEvent) => void) => void | Promise<void>,
): Promise<void> {
  const recorder = createRecorder({ client, component: 'widget-controller' });
  const manager = await startManager({ groups: [[recorder]] });
  await record((about, event) => recorder.event(about, event));
  await manager.stop();
}

async function events(client: Client) {
  const { items } = await client.list(EVENTS, { namespace: 'default' });
  return items.map((event) => ({ reason: event['reason'], count: event['count'] }));
}

describe('the event recorder on the real API', () => {
  it('counts what is said again, also after a restart', async () => {
    await using api = await startTestApi();
    const { client } = api.connection;
    const about = await client.create(WIDGETS, widget('a'));
    await recording(client, (tell) => {
      for (let index = 0; index < 3; index += 1) tell(about, STARTED);
      tell(about, { ...STARTED, reason: 'Stopped' });
    });
    await recording(client, (tell) => tell(about, STARTED));
    expect(await events(client)).toEqual(
      expect.arrayContaining([
        { reason: 'Started', count: 4 },
        { reason: 'Stopped', count: 1 },
      ]),
    );
  });

  it('finds a legal name for an event about anything', async () => {
    await using api = await startTestApi();
    const { client } = api.connection;
    const about = await client.create(WIDGETS, widget('a'));
    await recording(client, (tell) => {
      for (const name of ['ClaudeCode', '--', '团队', 'x'.repeat(253), 'a.b.c']) {
        tell({ ...about, metadata: { ...about.metadata, name, uid: name } }, STARTED);
      }
    });
    expect(await events(client)).toHaveLength(5);
  });

  it('leaves out what one object in trouble says too often', async () => {
    await using api = await startTestApi();
    const { client } = api.connection;
    const about = await client.create(WIDGETS, widget('a'));
    await recording(client, async (tell) => {
      for (let index = 0; index < 100; index += 1) tell(about, { ...STARTED, message: `attempt ${index}` });
      // A stop waits for what is to be written, but not for long.
      await expect.poll(() => events(client), { timeout: 60_000 }).toHaveLength(25);
    });
    expect(await events(client)).toHaveLength(25);
  });

  it('never throws, and tries what was passing again', async () => {
    await using api = await startTestApi();
    const { client } = api.connection;
    const about = await client.create(WIDGETS, widget('a'));
    let failures = 0;
    const flaky = withFaults(client, {
      before() {
        failures += 1;
        if (failures === 1) throw new StatusError('ServiceUnavailable', 'away');
      },
    });
    await recording(flaky, (tell) => tell(about, STARTED));
    expect(await events(client)).toEqual([{ reason: 'Started', count: 1 }]);
    const dead = withFaults(client, {
      before() {
        throw new StatusError('Forbidden', 'no');
      },
    });
    await recording(dead, (tell) => tell(about, { ...STARTED, reason: 'Lost' }));
    expect(await events(client)).toHaveLength(1);
  });
});
