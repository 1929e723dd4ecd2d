import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { freePort } from '#dev/environment/free-port';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { packWorkspace } from '#executor-image/workspace/archive/archive';
import type { Runtime, RuntimeDriver, RuntimeSpec } from '#executor-manager/drivers/driver';
import { PortAllocator } from '#executor-manager/drivers/ports/port-allocator';
import { createRunnerClient } from '#executor-manager/run/runner-client';
import type { RunnerClient } from '#executor-manager/run/runner-client';
import { newRuntimeID } from '#executor-manager/runtime/runtime-source';

/** One driver, and the ways around it that its tests need. */
export interface DriverWorld extends AsyncDisposable {
  /** A driver as a manager makes it; several see the same runtimes. */
  driver(ports: PortAllocator): RuntimeDriver;
  /** Names of all that is left of this driver's runtimes, found by other means. */
  remains(): Promise<string[]>;
  /** Kills what runs, as the kernel does. */
  kill(runtime: Runtime): Promise<void>;
  /** Removes all but the workspace, as an engine does that lost a container. */
  lose(runtime: Runtime): Promise<void>;
  /** Leaves what an older version would have left: something that runs for a Sandbox, and a workspace of a Task. */
  leaveOlderVersion(): Promise<void>;
}

const forever = new AbortController().signal;
const TOKEN = 'the-token';
const tokenHash = createHash('sha256').update(TOKEN).digest('hex');
const limits = { memory: 512 * 2 ** 20, cpus: 1, pids: 128, disk: 2 ** 30 };
const newSpec = (): RuntimeSpec => ({ id: newRuntimeID(), tokenHash, limits });

export interface DriverSuiteOptions {
  /** False where runtimes have addresses of their own. */
  publishesPorts?: boolean;
}

/** The manager counts on this behaviour of every driver. */
export function driverSuite(
  name: string,
  open: () => Promise<DriverWorld>,
  { publishesPorts = true }: DriverSuiteOptions = {},
): void {
  describe(`the driver ${name}`, () => {
    let world: DriverWorld;
    let ports: PortAllocator;
    let driver: RuntimeDriver;
    const clients: RunnerClient[] = [];

    beforeAll(async () => {
      world = await open();
      ({ driver, ports } = await manager());
    });
    afterAll(() => world[Symbol.asyncDispose]());
    afterEach(async () => {
      for (const client of clients.splice(0)) await client.close();
      for (const { id } of await driver.list()) await driver.remove(id);
      expect(await world.remains(), 'nothing is left').toEqual([]);
      expect(ports.isExhausted()).toBe(false);
    });

    /** As a manager has them that was just started; `count` ports. */
    async function manager(count = 3, min?: number) {
      const first = min ?? (await freePort());
      const range = new PortAllocator({ min: first, max: first + count - 1, clock: systemClock });
      return { driver: world.driver(range), ports: range };
    }

    function runnerOf(runtime: Runtime, token = TOKEN): RunnerClient {
      const client = createRunnerClient({ address: runtime.address, token, clock: systemClock });
      clients.push(client);
      return client;
    }

    async function started(by: RuntimeDriver, spec = newSpec()) {
      const runtime = await by.start(spec, forever);
      const runner = runnerOf(runtime);
      await runner.ready(30_000, forever);
      return { spec, runtime, runner };
    }

    const find = async (by: RuntimeDriver, id: string): Promise<Runtime | undefined> =>
      (await by.list()).find((runtime) => runtime.id === id);

    it('starts a runner that waits without a run, for whoever has the token', async () => {
      const { runtime, runner } = await started(driver);
      expect(runtime.running).toBe(true);
      expect(await runner.get(randomUUID())).toBeUndefined();
      expect(await runner.readWorkspace(forever), 'a workspace of its own, empty').toBeUndefined();
      const stranger = runnerOf(runtime, 'another-token');
      await expect(stranger.ready(1000, forever)).rejects.toMatchObject({ reason: 'Unauthorized' });
    });

    it('starts one of an id once', async () => {
      const { spec, runtime } = await started(driver);
      const again = await driver.start(spec, forever);
      expect(again).toMatchObject({ id: runtime.id, name: runtime.name, address: runtime.address });
      expect(await driver.list()).toHaveLength(1);
    });

    it('lists what an earlier manager has started, with its port, and tells when it ends', async () => {
      const first = await manager();
      const { runtime } = await started(first.driver);
      const next = await manager(3, first.ports.range.min);
      expect(await find(next.driver, runtime.id)).toMatchObject({ ...runtime, running: true });
      const other = await started(next.driver);
      expect(other.runtime.address, 'the address is in use').not.toEqual(runtime.address);
      const exited = next.driver.exited(runtime.id, forever);
      await world.kill(runtime);
      expect((await exited).how).toMatch(/./);
      expect(await find(next.driver, runtime.id)).toMatchObject({ running: false });
      for (const { id } of await next.driver.list()) await next.driver.remove(id);
    });

    it('tells how one ends, and that one is gone', async () => {
      const { runtime } = await started(driver);
      const exited = driver.exited(runtime.id, forever);
      await world.kill(runtime);
      expect((await exited).how).toMatch(/137|SIGKILL/);
      await driver.remove(runtime.id);
      expect((await driver.exited(runtime.id, forever)).how).toBe('was removed');
    });

    it('stops to wait for the end of one when nobody is interested any more', async () => {
      const { runtime } = await started(driver);
      const abort = new AbortController();
      const exited = driver.exited(runtime.id, abort.signal);
      abort.abort(new Error('over'));
      await expect(exited).rejects.toThrow(/over|abort/);
    });

    if (publishesPorts) portTests();

    function portTests(): void {
      it('publishes each on a port of the range', async () => {
        const { runtime } = await started(driver);
        const { min, max } = ports.range;
        expect(driver.capabilities.ports).toMatchObject({ min, max });
        expect(runtime.address.port).toBeGreaterThanOrEqual(min);
        expect(runtime.address.port).toBeLessThanOrEqual(max);
      });

      it('takes another port when somebody else listens on the first', async () => {
        const { driver: own, ports: range } = await manager(2);
        const server = createServer().listen(range.range.min, '127.0.0.1');
        await once(server, 'listening');
        const { runtime } = await started(own);
        server.close();
        expect(runtime.address.port).toBe(range.range.max);
        await own.remove(runtime.id);
      });

      it('waits for a port, and gives one back with the last of a runtime', async () => {
        const { driver: own } = await manager(1);
        const { runtime } = await started(own);
        const waiting = own.start(newSpec(), forever);
        await own.remove(runtime.id);
        const next = await waiting;
        expect(next.address.port).toBe(runtime.address.port);
        await own.remove(next.id);
      });

      it('gives up waiting for a port when it is told to', async () => {
        const { driver: own } = await manager(1);
        const { runtime } = await started(own);
        const abort = new AbortController();
        const waiting = own.start(newSpec(), abort.signal);
        abort.abort(new Error('deleted'));
        await expect(waiting).rejects.toThrow('deleted');
        await own.remove(runtime.id);
      });
    }

    it('lets nothing go on in one that pauses, which counts as running, and ends it all the same', async () => {
      // An engine that cannot pause says so by having no way to do it.
      if (driver.pause === undefined || driver.resume === undefined) return;
      const { runtime, runner } = await started(driver);
      for (const _time of ['once', 'again']) await driver.pause(runtime.id);
      let isAnswered = false;
      const answer = runner.get('none').then(() => {
        isAnswered = true;
      });
      expect(await find((await manager()).driver, runtime.id)).toMatchObject({ running: true });
      expect(isAnswered).toBe(false);
      for (const _time of ['once', 'again']) await driver.resume(runtime.id);
      await answer;
      await driver.pause(runtime.id);
      await driver.stop(runtime.id);
      expect(await find(driver, runtime.id)).toMatchObject({ running: false });
      for (const id of [runtime.id, 'never-there']) {
        await driver.pause(id);
        await driver.resume(id);
      }
    });

    it('ends and removes one for good, as often as it is told', async () => {
      const { runtime } = await started(driver);
      await driver.remove(runtime.id);
      expect(await world.remains()).toEqual([]);
      await driver.remove(runtime.id);
      await driver.remove(newRuntimeID());
      await driver.stop(newRuntimeID());
    });

    describe('the workspace', () => {
      async function withFiles() {
        const made = await started(driver);
        const archive = await sampleArchive();
        const options = { limitBytes: limits.disk, signal: forever };
        expect(await made.runner.replaceWorkspace(Readable.from([archive]), options)).toBe(0);
        return made;
      }

      async function contents(runner: RunnerClient): Promise<string | undefined> {
        const archive = await runner.readWorkspace(forever);
        return archive === undefined ? undefined : (await buffer(archive)).toString('latin1');
      }

      it.each([
        ['was killed', (runtime: Runtime) => world.kill(runtime)],
        ['was stopped', (runtime: Runtime) => driver.stop(runtime.id)],
        ['was lost but for its workspace', (runtime: Runtime) => world.lose(runtime)],
      ])('is still there when its runtime %s, and its runner knows no run', async (_, end) => {
        const { spec, runtime, runner } = await withFiles();
        expect(await contents(runner)).toContain('some work');
        await end(runtime);
        await driver.stop(runtime.id);
        expect(await find(driver, runtime.id)).toMatchObject({ running: false });
        const again = await started(driver, spec);
        expect(await contents(again.runner)).toContain('some work');
      });

      it('is its runtime’s own, and moves to another one', async () => {
        const from = await withFiles();
        const to = await started(driver);
        expect(await to.runner.readWorkspace(forever)).toBeUndefined();
        const archive = (await from.runner.readWorkspace(forever)) ?? [];
        const options = { limitBytes: limits.disk, signal: forever };
        await to.runner.replaceWorkspace(Readable.from(archive), options);
        await driver.remove(from.runtime.id);
        expect(await contents(to.runner)).toContain('some work');
      });

      it('takes nothing that leads elsewhere or is too large', async () => {
        const { runner } = await withFiles();
        const small = { limitBytes: 3, signal: forever };
        await expect(
          runner.replaceWorkspace(Readable.from([await sampleArchive()]), small),
        ).rejects.toMatchObject({
          reason: 'BadRequest',
          message: expect.stringContaining('more than 3 bytes'),
        });
        expect(await contents(runner), 'as it was').toContain('some work');
      });
    });

    it('finds what an older version has left, so that it is removed like all that nobody owns', async () => {
      await world.leaveOlderVersion();
      expect(await world.remains()).not.toEqual([]);
      for (const { id } of await driver.list()) await driver.remove(id);
      expect(await world.remains()).toEqual([]);
    });

    it('says that it can be used', async () => {
      expect(await driver.check()).toMatchObject({ ready: true });
    });
  });
}

/** A tar archive of one file. */
async function sampleArchive(): Promise<Buffer> {
  await using folder = await temporaryFolder('archive');
  await writeFile(path.join(folder.path, 'notes.txt'), 'some work');
  const environment = { PATH: process.env['PATH'] ?? '' };
  const archive = await packWorkspace({ workspace: folder.path, environment });
  if (archive === undefined) throw new Error('nothing to pack');
  return await buffer(archive);
}
