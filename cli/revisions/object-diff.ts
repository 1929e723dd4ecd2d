import type { Unstructured } from '#api/machinery/meta';
import { LAST_APPLIED } from '../apply-object.ts';
import { toYaml } from '../object-text.ts';
import { unifiedDiff } from './effective-text.ts';
import { maskedChange } from './masked.ts';
import type { ObjectChange } from './masked.ts';

/** The unified diff of one object, as an apply would change it; no credential is in it. */
export function diffText(change: ObjectChange): string {
  const { group, version, kind } = change.resource;
  const { namespace, name } = change.after.metadata;
  const shown = [group, version, kind, namespace, name]
    .filter((part) => part !== '' && part !== undefined)
    .join('.');
  const { before, after } = maskedChange(change);
  return unifiedDiff(
    { name: `LIVE/${shown}`, text: before === undefined ? '' : toYaml(written(before)) },
    { name: `MERGED/${shown}`, text: toYaml(written(after)) },
  );
}

/** The fields of an object that users write. */
function written(object: Unstructured): Record<string, unknown> {
  const { metadata, status: _status, ...rest } = object as Unstructured & { status?: unknown };
  const { name, namespace, labels } = metadata;
  const { [LAST_APPLIED]: _applied, ...annotations } = metadata.annotations ?? {};
  return {
    ...rest,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
  };
}
