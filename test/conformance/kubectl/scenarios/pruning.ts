import { step } from '../step.ts';
import type { Scenario } from '../step.ts';
import { documents, established, widget, widgetDefinition } from './widget.ts';

const labels = { app: 'pruned' };
const P = (name: string, spec: object = { size: 1 }): object => widget('Pruned', name, spec, { labels });
const allow = '--prune-allowlist=shop.example.com/v1/Pruned';

export const pruning: Scenario = {
  name: 'pruning',
  files: {
    'all.yaml': documents(P('a'), P('b')),
    'one.yaml': documents(P('a', { size: 2 })),
    'three-way.yaml': documents(P('a', { size: 2, options: { mine: 'x' }, tags: ['t'] })),
    'three-way-less.yaml': documents(P('a', { size: 2 })),
    'edit.sh': '#!/bin/sh\nsed -i "s/size: 2/size: wrong/" "$1"\n',
  },
  steps: [
    step('create -f -', { stdin: [widgetDefinition('pruneds', 'Pruned')] }),
    step(established('pruneds'), { requests: 'any' }),
    step(`apply --prune -l app=pruned ${allow} -f $DIR/all.yaml`, { requests: 'any' }),
    step(`apply --prune -l app=pruned ${allow} -f $DIR/one.yaml`, { requests: 'any' }),
    step('get pruneds'),
    step('apply -f $DIR/three-way.yaml'),
    step(`patch pruned a --type=merge -p '{"spec":{"options":{"theirs":"y"}}}'`),
    step('apply -f $DIR/three-way-less.yaml'),
    step('get pruned a -o jsonpath={.spec}'),
    step('create --save-config -f -', { stdin: [widget('Pruned', 'saved')] }),
    step('apply view-last-applied pruned saved -o json'),
    step('edit pruned a', { env: { EDITOR: '$DIR/edit.sh' }, output: 'any', requests: 'any' }),
    step('get pruned a -o jsonpath={.spec.size}'),
    step('get pruneds -w --output-watch-events -o json --request-timeout=2s', {
      during: { request: /watch=true/, steps: [step('delete pruned saved')] },
    }),
    step('get pruned a -w -o name --request-timeout=2s', { requests: 'any' }),
    step('delete pruneds --all --wait=false'),
    step('apply --server-side --dry-run=server -o yaml -f $DIR/one.yaml', { stdin: '' }),
    step('apply --validate=strict -f -', { stdin: [{ ...widget('Pruned', 'strict'), spce: {} }] }),
    step('apply -f -', {
      stdin: [widget('Pruned', 'here', { size: 1 }), widget('Pruned', 'bad', { size: -1 })],
    }),
    step('get pruneds -o name'),
    step('delete -f -', { stdin: [widget('Pruned', 'here'), widget('Pruned', 'nothing')] }),
    step('get pruneds,configmaps -o name --ignore-not-found -l app=none'),
  ],
};
