import type { Resource } from '../../registry/resource.ts';
import { contentOf, operation } from './operation.ts';
import type { PathItem } from './operation.ts';
import { LOG, POD_LOG } from './parameters.ts';

const SHARED_WITH_TASKS = LOG.filter(({ name }) => name === 'follow' || name === 'timestamps');

export function podLogItem(resource: Resource): PathItem {
  const get = operation(resource, 'NamespacedPodLog', {
    verb: 'read',
    // As kube-apiserver: the read of a subresource that connects.
    action: 'get',
    description: 'read log of the specified Pod',
    parameters: [...POD_LOG, ...SHARED_WITH_TASKS],
    answers: { '200': contentOf(['text/plain'], { type: 'string' }) },
  });
  return { get };
}
