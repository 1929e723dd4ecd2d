import type { Connection } from '#api/client/connect';
import { TROUPE_GROUP } from '#api/machinery/group-version-kind';
import type { Unstructured } from '#api/machinery/meta';
import { isStatusError } from '#api/machinery/status-error';
import type { Judgement, UpgradeTarget } from '#api/upgrade';
import { discover } from '../api-resource.ts';
import type { ApiResource } from '../api-resource.ts';
import type { Finding } from './report.ts';
import { notChecked } from './server-facts.ts';

/** An object is 2 MiB at most, and few are: a page is some megabytes. */
const PAGE_SIZE = 100;
/** So many objects of a kind are named, the others counted. */
const MOST_NAMED = 10;

/** Judges every object of our kinds as the new version would, page by page. */
export async function judgeStored(connection: Connection, target: UpgradeTarget): Promise<Finding[]> {
  const findings: Finding[] = [];
  const refused: { plural: string; why: string }[] = [];
  for (const resource of await ourKinds(connection, target)) {
    try {
      findings.push(...(await judgeKind({ connection, target, resource })));
    } catch (error) {
      if (!isStatusError(error, 'Forbidden')) throw error;
      refused.push({ plural: resource.plural, why: error.message });
    }
  }
  const [first] = refused;
  if (first === undefined) return findings;
  return [...findings, notChecked(refused.map(({ plural }) => plural).join(', '), first.why)];
}

/** One version of each kind, since all show the same objects: one that the new version serves where there is one. */
async function ourKinds({ transport }: Connection, target: UpgradeTarget): Promise<ApiResource[]> {
  const kinds = new Map<string, ApiResource>();
  for (const resource of await discover(transport)) {
    if (resource.group !== TROUPE_GROUP || !resource.verbs.includes('list')) continue;
    const chosen = kinds.get(resource.plural);
    if (chosen === undefined || (!target.serves(chosen) && target.serves(resource)))
      kinds.set(resource.plural, resource);
  }
  return [...kinds.values()];
}

interface JudgedKind {
  connection: Connection;
  target: UpgradeTarget;
  resource: ApiResource;
}

async function judgeKind({ connection: { client }, target, resource }: JudgedKind): Promise<Finding[]> {
  const isServed = target.serves(resource);
  const tally = new Tally(resource);
  for (let token = ''; ;) {
    const page = await client.list(resource, {
      limit: isServed ? PAGE_SIZE : 1,
      ...(token === '' ? {} : { continue: token }),
    });
    const [first] = page.items;
    if (!isServed) return first === undefined ? [] : [kindIsGone(resource)];
    const apiVersion = `${resource.group}/${resource.version}`;
    for (const item of page.items) {
      const object = { ...item, apiVersion, kind: resource.kind };
      tally.add(object, target.judge(resource, object));
    }
    token = page.metadata.continue ?? '';
    if (token === '') return tally.findings();
  }
}

const kindIsGone = ({ group, version, kind, plural }: ApiResource): Finding => ({
  level: 'Hinders',
  about: plural,
  message: `there are objects of ${group}/${version} ${kind}, which this version does not serve`,
  remedy: `save them (troupe get ${plural} -A -o yaml), write them in a version that is served, and delete them`,
});

/** Findings of one kind: few are named, and deprecations told once. */
export class Tally {
  readonly #resource: Pick<ApiResource, 'kind' | 'plural'>;
  readonly #named: Finding[] = [];
  readonly #deprecations = new Set<string>();
  #more = { Hinders: 0, Warning: 0 };

  constructor(resource: Pick<ApiResource, 'kind' | 'plural'>) {
    this.#resource = resource;
  }

  add({ metadata }: Unstructured, { problems, lostFields, deprecations }: Judgement): void {
    for (const text of deprecations) this.#deprecations.add(text);
    const where = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
    const about = `${this.#resource.kind.toLowerCase()}/${where}`;
    if (problems.length > 0) {
      const message = `is invalid in this version: ${problems.join('; ')}`;
      this.#name({ level: 'Hinders', about, message, remedy: 'change it, or delete it, before the upgrade' });
    }
    if (lostFields.length > 0) {
      const message = `has fields that this version does not know: ${lostFields.join(', ')}`;
      this.#name({
        level: 'Warning',
        about,
        message,
        remedy: 'they are gone after the next write: save them',
      });
    }
  }

  findings(): Finding[] {
    const { plural } = this.#resource;
    const deprecated = [...this.#deprecations].map((message): Finding => {
      return { level: 'Warning', about: plural, message, remedy: 'write manifests in the newer version' };
    });
    const more = (['Hinders', 'Warning'] as const).flatMap((level): Finding[] => {
      const count = this.#more[level];
      const message = `${count} more like those above`;
      return count === 0 ? [] : [{ level, about: plural, message, remedy: 'mend these, and check again' }];
    });
    return [...this.#named, ...more, ...deprecated];
  }

  #name(finding: Finding): void {
    const named = this.#named.filter(({ level }) => level === finding.level).length;
    if (named < MOST_NAMED) this.#named.push(finding);
    else this.#more[finding.level] += 1;
  }
}
