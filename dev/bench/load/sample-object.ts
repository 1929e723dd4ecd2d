/** Path of the Ghosts of the namespace `default`. */
export const GHOSTS = '/apis/agent.wecode.io/v1/namespaces/default/ghosts';

/** A Ghost of about 1.5 KB, the size that the figures of kube-apiserver were taken with. */
export function sampleGhost(name: string): object {
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Ghost',
    metadata: { name, labels: { app: 'bench' } },
    spec: { systemPrompt: 'You are a careful programmer. '.repeat(40), skills: ['read', 'write'] },
  };
}
