import { step } from '../step.ts';
import type { Scenario } from '../step.ts';
import { documents, established, widget, widgetDefinition } from './widget.ts';

const D = (name: string, metadata: object = {}): object => widget('Deleted', name, { size: 1 }, metadata);
const held = { finalizers: ['shop.example.com/hold'] };

export const deleting: Scenario = {
  name: 'deleting',
  files: { 'two.yaml': documents(D('f1'), D('f2')) },
  steps: [
    step('create -f -', { stdin: [widgetDefinition('deleteds', 'Deleted')] }),
    step(established('deleteds'), { requests: 'any' }),
    step('create -f -', {
      stdin: [
        D('d1'),
        D('d2', { labels: { a: 'b' } }),
        D('d3', { labels: { a: 'b' } }),
        D('held', held),
        D('d4'),
        D('d5'),
        D('d6'),
      ],
    }),
    step('delete deleted d1'),
    step('delete deleted d1'),
    step('delete deleted d1 --ignore-not-found'),
    step('delete deleteds -l a=b'),
    step('delete deleted d4 --dry-run=server'),
    step('get deleted d4 -o name'),
    step('delete deleted d4 --now', { requests: 'any' }),
    step('delete deleted d5 --force --grace-period=0', { requests: 'any' }),
    step('delete deleted d6 --cascade=foreground', { requests: 'any' }),
    step('delete deleted held --wait=false'),
    step(
      `get deleted held -o jsonpath='{.metadata.generation} {.metadata.deletionGracePeriodSeconds} {.metadata.finalizers}'`,
    ),
    step('delete deleted held --wait=false'),
    step('delete deleted held --timeout=1s', { requests: 'any' }),
    step(
      `patch deleted held --type=json -p '[{"op":"add","path":"/metadata/finalizers/-","value":"shop.example.com/more"}]'`,
    ),
    step(`patch deleted held --type=merge -p '{"metadata":{"finalizers":null}}'`),
    step('get deleted held'),
    step('create -f $DIR/two.yaml'),
    step('delete -f $DIR/two.yaml'),
    step('create -f -', { stdin: [D('a1'), D('a2')] }),
    step('delete deleteds --all'),
    step('get deleteds'),
    step('create -f -', { stdin: [D('waited', held)] }),
    step('delete deleted waited --timeout=30s', {
      during: {
        request: /watch=true/,
        steps: [step(`patch deleted waited --type=merge -p '{"metadata":{"finalizers":[]}}'`)],
      },
    }),
    step('delete --raw /apis/shop.example.com/v1/namespaces/deleting/deleteds/nothing'),
    step('delete nonsense x'),
    step('create -f -', { stdin: [D('again')] }),
    step('delete crd deleteds.shop.example.com', { requests: 'any' }),
    step('get deleteds'),
  ],
};
