import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { SHELL_TYPES } from '#executor-manager/protocol/run';
import type { ProbeCheck, ProbeRequest, ProbeResult } from '#executor-manager/protocol/probe';
import { adapterFor } from '../adapters/adapters.ts';
import { describeError } from '../run-failure.ts';
import type { ProbeContext } from './probe-context.ts';

/** Whether agents can work in the image that this runner is in; that the runner answers says most of it. */
export async function probeImage(
  { shellType, program }: NonNullable<ProbeRequest['image']>,
  { environment, workspace }: ProbeContext,
): Promise<ProbeResult> {
  const checks = [
    { name: 'runner', ok: true, message: 'The runner answers.' },
    await checkWorkspace(workspace),
    ...(shellType === undefined ? [] : [checkShellType(shellType)]),
    ...(program === undefined ? [] : [await checkProgram(program, environment['PATH'] ?? '')]),
  ];
  const failed = checks.find(({ ok }) => !ok);
  return {
    ok: failed === undefined,
    message: failed?.message ?? 'The image starts, and agents can work in it.',
    checks,
  };
}

async function checkWorkspace(workspace: string): Promise<ProbeCheck> {
  const name = 'workspace';
  try {
    await access(workspace, constants.R_OK | constants.W_OK | constants.X_OK);
    return { name, ok: true, message: `The folder ${workspace} can be written to.` };
  } catch (error) {
    return { name, ok: false, message: `The folder ${workspace} cannot be used: ${describeError(error)}.` };
  }
}

function checkShellType(type: string): ProbeCheck {
  const name = 'shellType';
  try {
    const known = SHELL_TYPES.find((one) => one === type);
    if (known === undefined) throw new Error(`shellType "${type}" is not known`);
    adapterFor(known);
    return { name, ok: true, message: `The runner has an adapter for ${type}.` };
  } catch (error) {
    return { name, ok: false, message: `${describeError(error)}.` };
  }
}

async function checkProgram(program: string, searchPath: string): Promise<ProbeCheck> {
  const name = 'program';
  const folders = program.includes('/') ? [''] : searchPath.split(path.delimiter);
  for (const folder of folders) {
    const file = path.resolve('/', folder, program);
    if (await isProgram(file)) return { name, ok: true, message: `The program ${program} is ${file}.` };
  }
  const where = program.includes('/') ? '' : ` in PATH (${searchPath})`;
  return { name, ok: false, message: `There is no program ${program}${where}.` };
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false; // not there, or not for us
  }
}
