import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';

/**
 * A child process of key-material.test.ts: makes or reads the key material of a folder, as a server does that starts,
 * and says what it got. Told so, it stands still for ever before the given step, a call that changes the file system:
 * killed then, it leaves what a process leaves that is killed there.
 */

export interface KeyMaterialRequest {
  folder: string;
  /** Milliseconds since the epoch. */
  now: number;
  haltAt?: number;
}

export interface KeyMaterialAnswer {
  folder: string;
  /** Undefined when it stands still. */
  material?: { token: string; caCertificate: string };
}

const running = new AsyncLocalStorage<KeyMaterialRequest & { steps: number }>();

/** Kept, or what stands still would be garbage, and its open files be closed. */
const standing: (() => void)[] = [];

async function step(): Promise<void> {
  const run = running.getStore();
  if (run === undefined) return;
  run.steps += 1;
  if (run.steps !== run.haltAt) return;
  process.send?.({ folder: run.folder } satisfies KeyMaterialAnswer);
  await new Promise<void>((resolve) => standing.push(resolve));
}

/** Makes each call a step; the real functions do the work. */
function countSteps(target: object, names: readonly string[]): void {
  const functions = target as Record<string, (...args: unknown[]) => unknown>;
  for (const name of names) {
    const real = functions[name];
    functions[name] = async function counted(this: unknown, ...args) {
      await step();
      return real?.apply(this, args);
    };
  }
}

/** A write is two steps: a process may die with half of it done. */
async function countWrites(): Promise<void> {
  await using handle = await fs.open(import.meta.filename, 'r');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  countSteps(prototype, ['sync']);
  const write = prototype.writeFile;
  prototype.writeFile = async function inHalves(this: FileHandle, text): Promise<void> {
    const half = String(text).length / 2;
    for (const part of [String(text).slice(0, half), String(text).slice(half)]) {
      await step();
      await write.call(this, part);
    }
  };
}

await countWrites();
countSteps(fs, ['link', 'mkdir', 'open', 'rename', 'rm']);
syncBuiltinESMExports();
// Only now, so that they import the functions that count.
const { loadToken } = await import('#api/data-folder/bootstrap-token');
const { loadCertificates } = await import('#api/data-folder/certificates/certificates');

process.on('message', (request: KeyMaterialRequest) => {
  void running.run({ ...request, steps: 0 }, async () => {
    const { folder, now } = request;
    const token = await loadToken(path.join(folder, 'token'));
    const pki = { folder: path.join(folder, 'pki'), listenHost: '127.0.0.1', now };
    const { caCertificate } = await loadCertificates(pki);
    process.send?.({ folder, material: { token, caCertificate } } satisfies KeyMaterialAnswer);
  });
});
