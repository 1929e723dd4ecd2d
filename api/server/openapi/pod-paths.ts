import type { Resource } from '../../registry/resource.ts';
import { contentOf, operation } from './operation.ts';
import type { Operation, PathItem } from './operation.ts';
import { LOG, POD_LOG } from './parameters.ts';

const SHARED_WITH_TASKS = LOG.filter(({ name }) => name === 'follow' || name === 'timestamps');

export function podLogItem(resource: Resource): PathItem {
  const get = operation(resource, 'NamespacedPodLog', {
    verb: 'read',
    action: 'get',
    description: 'read log of the specified Pod',
    parameters: [...POD_LOG, ...SHARED_WITH_TASKS],
    answers: { '200': contentOf(['text/plain'], { type: 'string' }) },
  });
  return { get };
}

const ANYTHING = contentOf(['*/*'], { type: 'string' });

/** Connections are upgraded: what OpenAPI can say of them is that they are there (kube-apiserver: action connect). */
export function podStreamItem(name: string): (resource: Resource) => PathItem {
  return (resource) => {
    const connecting = (method: 'Get' | 'Post'): Operation =>
      operation(resource, `${method}NamespacedPod${name}`, {
        verb: 'connect',
        action: 'connect',
        description: `connect ${method.toUpperCase()} requests to ${name.toLowerCase()} of Pod`,
        answers: { '200': ANYTHING },
      });
    return { get: connecting('Get'), post: connecting('Post') };
  };
}

export function tunnelItem(resource: Resource): PathItem {
  const post = operation(resource, 'PostExecutorTunnel', {
    verb: 'connect',
    action: 'connect',
    description: 'connect the manager of the specified Executor',
    answers: { '200': ANYTHING },
  });
  return { post };
}
