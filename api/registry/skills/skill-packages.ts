import { formatTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import { badRequest, invalid, isStatusError, notFound, StatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import type { Skill, SkillStatus } from '../../types/generated/skill.ts';
import type { SkillPackage as PackageObject } from '../../types/generated/skill-package.ts';
import { SKILL_PACKAGES } from '../../types/resources.ts';
import { isContentHash, skillPackageName, UNUSED_SINCE } from '../../types/skills/skill.ts';
import { InvalidPackage } from '#skill-packages/invalid-package';
import { checkName, normalizePackage } from '#skill-packages/skill-package';
import type { SkillPackage } from '#skill-packages/skill-package';
import { packageFacts, packageSpec } from '#skill-packages/package-spec';
import type { Registry } from '../registry.ts';
import type { WriteOptions, WriteResult } from '../requests.ts';
import type { Resource, Target } from '../resource.ts';
import { retryOnConflict } from '../write/retry-on-conflict.ts';

/** The subresource `package` of a Skill. Failures are StatusErrors. */
export interface SkillPackages {
  /**
   * Takes a zip as the Skill's newest content: it is kept under its hash, and status.upload names it. The same content
   * again changes nothing but the time.
   * @throws StatusError NotFound, Invalid with the reason why the zip is refused
   */
  put(target: Target, zip: Buffer, options: WriteOptions): Promise<WriteResult>;
  /**
   * Makes the Skill that the zip's SKILL.md names, with the zip as its content.
   * @throws StatusError AlreadyExists, Invalid with the reason why the zip is refused
   */
  create(place: Omit<Target, 'name'>, zip: Buffer, options: WriteOptions): Promise<WriteResult>;
  /** The zip that new Tasks get, or the one with the hash. @throws StatusError NotFound */
  read(target: Target, hash: string | undefined): Promise<Buffer>;
}

const ELSEWHERE = { configMap: 'from a ConfigMap', git: 'from a repository' } as const;

export function createSkillPackages(options: { registry: Registry; clock: Clock }): SkillPackages {
  const { registry, clock } = options;
  const keepUpload = async (
    target: Target,
    made: SkillPackage,
    write: WriteOptions,
  ): Promise<WriteResult> => {
    await keepPackage({ registry, namespace: target.namespace, dryRun: write.dryRun }, made);
    const upload = { ...packageFacts(made), uploadedAt: formatTime(clock.now()) };
    return noteUpload(registry, target, { write, upload });
  };
  return {
    async put(target, zip, write) {
      const skill = await readSkill(registry, target);
      const made = await checked(target, zip);
      const type = skill.spec.source?.type ?? 'upload';
      if (type !== 'upload')
        throw badRequest(`the files of this Skill come ${ELSEWHERE[type]}: spec.source.type is ${type}`);
      return keepUpload(target, made, write);
    },
    async create({ resource, namespace }, zip, write) {
      const made = await checked({ resource, namespace, name: '' }, zip);
      const { name, description } = made.skill;
      const body = {
        apiVersion: 'agent.wecode.io/v1alpha1',
        kind: 'Skill',
        metadata: { name, namespace },
        spec: { description, source: { type: 'upload' } },
      };
      const created = await registry.create({ resource, namespace, body, ...write });
      if (write.dryRun) return created;
      return keepUpload({ resource, namespace, name }, made, write);
    },
    async read(target, hash) {
      const skill = await readSkill(registry, target);
      const wanted = hash ?? skill.status?.contentHash ?? '';
      if (!isContentHash(wanted)) throw notFound(target.resource, `${target.name}/package`);
      const resource = packages(registry);
      const name = skillPackageName(wanted);
      const { object } = await registry.get({
        target: { resource, namespace: target.namespace, name },
        user: API_SERVER_USER,
      });
      return Buffer.from((object as unknown as PackageObject).spec.zip, 'base64');
    },
  };
}

async function readSkill(registry: Registry, target: Target): Promise<Skill> {
  const { object } = await registry.get({ target, user: API_SERVER_USER });
  return object as unknown as Skill;
}

function packages({ catalog }: Registry): Resource {
  const found = catalog.find(SKILL_PACKAGES);
  if (found === undefined) throw new Error('the kind SkillPackage is not defined');
  return found;
}

/** `target.name` is '' where the package says it. */
async function checked(target: Target, zip: Buffer): Promise<SkillPackage> {
  try {
    const made = await normalizePackage(zip);
    if (target.name !== '') checkName(made, target.name);
    return made;
  } catch (error) {
    if (!(error instanceof InvalidPackage)) throw error;
    throw refused(target, error);
  }
}

/** A package that was to make a Skill has no name that could be told. */
function refused({ resource: { group, kind }, name }: Target, { message }: InvalidPackage): StatusError {
  const causes = [{ reason: 'FieldValueInvalid', field: 'package', message: `Invalid value: ${message}` }];
  if (name !== '') return invalid({ group, kind }, name, causes);
  return new StatusError('Invalid', `the package of the new Skill is invalid: ${message}`, {
    details: { group, kind, causes },
  });
}

const asServer = { fieldValidation: 'Strict', user: API_SERVER_USER } as const;

/** Whoever may put the package of a Skill may make the object that holds it. */
async function keepPackage(
  { registry, namespace, dryRun }: { registry: Registry; namespace: string; dryRun: boolean },
  made: SkillPackage,
): Promise<void> {
  const resource = packages(registry);
  const name = skillPackageName(made.contentHash);
  const body = {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'SkillPackage',
    metadata: { name, namespace },
    spec: packageSpec(made),
  };
  const write = { ...asServer, dryRun, fieldManager: 'troupe-api' };
  try {
    await registry.create({ resource, namespace, body, ...write });
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
    // It may be about to be collected; without the mark it is not.
    const unmarked = { metadata: { annotations: { [UNUSED_SINCE]: null } } };
    const target = { resource, namespace, name };
    await registry.patch({ target, type: 'merge', body: unmarked, ...write });
  }
}

async function noteUpload(
  registry: Registry,
  target: Target,
  { write, upload }: { write: WriteOptions; upload: SkillStatus['upload'] },
): Promise<WriteResult> {
  return await retryOnConflict(async () => {
    const skill = await readSkill(registry, target);
    const body: Skill = { ...skill, status: { ...skill.status, ...(upload && { upload }) } };
    return await registry.update({
      ...{ target, subresource: 'status', body },
      ...{ ...asServer, dryRun: write.dryRun, fieldManager: 'troupe-api' },
    });
  });
}
