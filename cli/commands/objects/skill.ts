import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { createSkillPackageClient } from '#api/client/skill-packages';
import type { KubeObject } from '#api/machinery/meta';
import type { ObjectRef, ResourceType } from '#api/machinery/resource-type';
import { isStatusError } from '#api/machinery/status-error';
import type { SkillPackage } from '#skill-packages/skill-package';
import type { CliContext } from '../../context.ts';
import { CliError } from '../../error-text.ts';
import { addConnectionFlags, withSession } from '../../session.ts';
import type { ConnectionFlags, Session } from '../../session.ts';
import { readSkillPackage } from '../../skill-folder.ts';
import { waitUntil } from '../../wait-until.ts';

interface CliSkill extends KubeObject {
  spec: { description: string; source: { type: 'upload' } };
  status?: { contentHash?: string; message?: string; upload?: { contentHash: string } };
}

const SKILLS: ResourceType<CliSkill> = {
  group: 'agent.wecode.io',
  version: 'v1alpha1',
  kind: 'Skill',
  plural: 'skills',
  namespaced: true,
};

/** How long the controllers may take to see what was put, in milliseconds. */
const OBSERVED_MS = 10_000;

/** `troupe skill`: the files of Skills. */
export function register(program: Command, context: CliContext): void {
  const skill = program.command('skill').description('put and get the files of Skills');
  const push = skill
    .command('push')
    .description('make a folder or zip with a SKILL.md the newest content of the Skill that it names')
    .argument('<path>', 'folder or zip');
  addConnectionFlags(push).action((path: string, flags: ConnectionFlags) =>
    withSession(context, flags, (session) => pushSkill(session, path)),
  );
  const pull = skill
    .command('pull')
    .description('write the package that new Tasks get to NAME.zip')
    .argument('<name>')
    .option('--hash <hash>', 'another content that is still kept, sha256:...')
    .option('-o, --output <file>', 'another file');
  addConnectionFlags(pull).action((name: string, flags: PullFlags) =>
    withSession(context, flags, (session) => pullSkill(session, name, flags)),
  );
}

interface PullFlags extends ConnectionFlags {
  hash?: string;
  output?: string;
}

async function pushSkill(session: Session, path: string): Promise<void> {
  const made = await readSkillPackage(path);
  const { name } = made.skill;
  const ref = { namespace: session.namespace, name };
  const isNew = await makeSkill(session, ref, made);
  const packages = createSkillPackageClient({ transport: session.connection.transport });
  const { status } = await packages.push(ref, made.zip);
  const hash = status?.upload?.contentHash ?? made.contentHash;
  session.print(`skill.agent.wecode.io/${name} ${isNew ? 'created' : 'pushed'} (${hash})`);
  const observed = await waitUntil(session, {
    object: { resource: SKILLS, ref },
    until: (object) => (object as CliSkill | undefined)?.status?.contentHash === hash,
    timeoutMs: OBSERVED_MS,
  });
  if (!observed) throw new CliError(`no controller has seen the new content of skill ${name} yet`);
}

/** A Skill that is not there yet is made; that of a manifest stays as it is. */
async function makeSkill(session: Session, ref: ObjectRef, { skill }: SkillPackage): Promise<boolean> {
  const { client } = session.connection;
  if ((await client.find(SKILLS, ref)) !== undefined) return false;
  try {
    await client.create(SKILLS, {
      apiVersion: 'agent.wecode.io/v1alpha1',
      kind: 'Skill',
      metadata: ref,
      spec: { description: skill.description, source: { type: 'upload' } },
    });
    return true;
  } catch (error) {
    if (isStatusError(error, 'AlreadyExists')) return false;
    throw error;
  }
}

async function pullSkill(session: Session, name: string, { hash, output }: PullFlags): Promise<void> {
  const packages = createSkillPackageClient({ transport: session.connection.transport });
  const zip = await packages.pull({ namespace: session.namespace, name }, hash);
  const file = output ?? `${name}.zip`;
  await writeFile(file, zip);
  session.print(`${file}: ${zip.length} bytes`);
}
