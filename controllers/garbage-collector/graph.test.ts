import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResourceType } from '#api/machinery/resource-type';
import { blockingDependents, createGraph, isSolid } from './graph.ts';
import type { Graph } from './graph.ts';
import type { Node } from './node.ts';

const CONFIG_MAPS: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

function node(uid: string, ownerUids: readonly string[] = [], more: Partial<Node> = {}): Node {
  const owners = ownerUids.map((owner) => ({ apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid: owner }));
  return { uid, type: CONFIG_MAPS, apiVersion: 'v1', namespace: 'a', name: uid, owners, ...more };
}

function graphOf(...nodes: readonly Node[]): Graph {
  const graph = createGraph();
  for (const one of nodes) graph.put(one);
  return graph;
}

const uids = (nodes: readonly Node[]): string[] => nodes.map(({ uid }) => uid).toSorted();

describe('who may need work', () => {
  it('is a new object with owners, and none without', () => {
    const graph = createGraph();
    expect([...graph.put(node('free'))]).toEqual([]);
    expect([...graph.put(node('bound', ['x']))]).toEqual(['bound']);
  });

  it('is nobody when an object changes and its owners do not', () => {
    const graph = graphOf(node('owner'), node('child', ['owner']));
    expect([...graph.put(node('child', ['owner']))]).toEqual([]);
    expect([...graph.put(node('owner'))]).toEqual([]);
  });

  it('are the dependents of what is gone, and the owners that may have waited for it', () => {
    const graph = graphOf(node('top'), node('middle', ['top']), node('bottom', ['middle']));
    expect([...graph.remove('middle')].toSorted()).toEqual(['bottom', 'top']);
  });

  it('are the dependents of one that begins to wait for them', () => {
    const graph = graphOf(node('owner'), node('child', ['owner']));
    const affected = graph.put(node('owner', [], { deletion: 'foreground' }));
    expect([...affected].toSorted()).toEqual(['child', 'owner']);
  });

  it('is an owner that was let go of', () => {
    const graph = graphOf(node('owner'), node('child', ['owner']));
    expect([...graph.put(node('child'))]).toEqual(['owner']);
  });
});

describe('a reference', () => {
  const child = node('child', ['owner']);
  const [reference] = child.owners;
  if (reference === undefined) throw new Error('the child has an owner');

  it.each([
    { what: 'an owner that is there', owner: node('owner'), solid: true },
    { what: 'a cluster-scoped owner', owner: { ...node('owner'), namespace: undefined }, solid: true },
    { what: 'an owner of another namespace', owner: node('owner', [], { namespace: 'b' }), solid: false },
    { what: 'an owner of another name', owner: node('owner', [], { name: 'other' }), solid: false },
    { what: 'an owner of another version', owner: node('owner', [], { apiVersion: 'v2' }), solid: false },
    { what: 'an owner that waits', owner: node('owner', [], { deletion: 'foreground' }), solid: false },
    { what: 'an owner that only goes', owner: node('owner', [], { deletion: 'other' }), solid: true },
  ])('to $what holds: $solid', ({ owner, solid }) => {
    const { namespace, ...rest } = owner;
    const graph = graphOf({ ...rest, ...(namespace === undefined ? {} : { namespace }) }, child);
    expect(isSolid(graph, reference, child)).toBe(solid);
  });

  it('blocks its owner only when it says so', () => {
    const owner = node('owner');
    const blocking = { ...node('blocking'), owners: [{ ...reference, blockOwnerDeletion: true }] };
    expect(uids(blockingDependents(graphOf(owner, child, blocking), owner))).toEqual(['blocking']);
  });
});

it('dependents are those whose references say so, whatever happened before', () => {
  const uid = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const step = fc.oneof(
    fc.record({ put: uid, owners: fc.uniqueArray(uid, { maxLength: 3 }) }),
    fc.record({ remove: uid }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const graph = createGraph();
      const model = new Map<string, readonly string[]>();
      for (const one of steps) {
        if ('put' in one) {
          graph.put(node(one.put, one.owners));
          model.set(one.put, one.owners);
        } else {
          graph.remove(one.remove);
          model.delete(one.remove);
        }
      }
      for (const owner of ['a', 'b', 'c', 'd', 'e']) {
        const expected = [...model].filter(([, owners]) => owners.includes(owner)).map(([name]) => name);
        expect(uids(graph.dependents(owner))).toEqual(expected.toSorted());
      }
      expect([...graph.uids()].toSorted()).toEqual([...model.keys()].toSorted());
    }),
  );
});
