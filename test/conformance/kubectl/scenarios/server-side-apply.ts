import { step } from '../step.ts';
import type { Scenario } from '../step.ts';
import { documents, established, widget, widgetDefinition } from './widget.ts';

const A = (spec: object, metadata: object = {}): string =>
  JSON.stringify(widget('Applied', 'shared', spec, metadata));
const show = step('get applied shared -o yaml --show-managed-fields');

export const serverSideApply: Scenario = {
  name: 'server-side-apply',
  files: {
    'first.json': A({ size: 1, tags: ['a', 'b'], parts: [{ name: 'x', weight: 2 }, { name: 'y' }] }),
    'second.json': A({ size: 2, tags: ['c'], options: { k: 'v' } }),
    'same.json': A({ size: 1, tags: ['c'] }),
    'fewer.json': A({ size: 1, tags: ['a'], parts: [{ name: 'x', weight: 2 }] }),
    'labels.json': A({ size: 1 }, { labels: { app: 'web' } }),
    'wrong.json': A({ size: 1, bogus: true }),
    'twice.json': A({ size: 1, parts: [{ name: 'x' }, { name: 'x' }] }),
    'type.json': A({ size: 'x' }),
    'csa.json': JSON.stringify(widget('Applied', 'moved', { size: 1, options: { a: 'b', c: 'd' } })),
    'ssa.json': JSON.stringify(widget('Applied', 'moved', { size: 1, options: { a: 'b' } })),
    'prune-all.yaml': documents(widget('Applied', 'p1'), widget('Applied', 'p2')),
    'prune-one.yaml': JSON.stringify(widget('Applied', 'p1')),
  },
  steps: [
    step('apply --server-side -f -', { stdin: [widgetDefinition('applieds', 'Applied')] }),
    step(established('applieds'), { requests: 'any' }),
    step('apply --server-side -f $DIR/first.json'),
    show,
    step('apply --server-side -f $DIR/first.json'),
    show,
    step('apply --server-side --field-manager=other -f $DIR/second.json'),
    step('apply --server-side --field-manager=other -f $DIR/same.json'),
    show,
    step('apply --server-side -f $DIR/fewer.json'),
    show,
    step('apply --server-side --field-manager=other --force-conflicts -f $DIR/second.json'),
    show,
    step('apply --server-side -f $DIR/first.json'),
    step('apply --server-side --field-manager=third -f $DIR/labels.json --force-conflicts'),
    show,
    step(`patch applied shared --type=merge -p '{"spec":{"size":9,"parts":[{"name":"z"}]}}'`),
    show,
    step('apply --server-side -f $DIR/first.json'),
    step('apply --server-side -f $DIR/wrong.json'),
    step('apply --server-side --validate=false -f $DIR/wrong.json'),
    step('apply --server-side --validate=false -f $DIR/twice.json'),
    step('apply --server-side --validate=false -f $DIR/type.json'),
    step('apply --server-side --dry-run=server --force-conflicts -f $DIR/first.json'),
    show,
    step('diff --server-side -f $DIR/first.json', { output: 'any' }),
    step('label applied shared x=y'),
    step('scale applied shared --replicas=4'),
    step(
      `patch applied shared --subresource=status --type=merge -p '{"status":{"phase":"Up","conditions":[{"type":"Ready","status":"True"}]}}'`,
    ),
    show,
    step('apply -f $DIR/csa.json'),
    step('get applied moved -o yaml --show-managed-fields'),
    step('apply --server-side -f $DIR/ssa.json'),
    step('get applied moved -o yaml --show-managed-fields'),
    step('apply --server-side -f $DIR/csa.json'),
    step(
      `patch applied moved --type=json -p '[{"op":"replace","path":"/metadata/managedFields","value":[{}]}]'`,
    ),
    step('get applied moved -o yaml --show-managed-fields'),
    step('apply --server-side -f $DIR/ssa.json'),
    step('get applied moved -o yaml --show-managed-fields'),
    step(
      'apply --server-side --prune --namespace=server-side-apply --applyset=myset -f $DIR/prune-all.yaml',
      {
        env: { KUBECTL_APPLYSET: 'true' },
      },
    ),
    step(
      'apply --server-side --prune --namespace=server-side-apply --applyset=myset -f $DIR/prune-one.yaml',
      {
        env: { KUBECTL_APPLYSET: 'true' },
        requests: 'any',
      },
    ),
    step('get applieds -l applyset.kubernetes.io/part-of -o name'),
    step('get secret myset -o yaml'),
    step('apply --server-side --subresource=status -f -', {
      stdin: [{ ...widget('Applied', 'p1'), status: { phase: 'Down' } }],
    }),
    step('get applied p1 -o yaml --show-managed-fields'),
  ],
};
