import { formatApiVersion } from '../../machinery/group-version-kind.ts';
import type { Resource } from '../../registry/resource.ts';
import { groupVersionPath, groupVersions } from '../discovery/group-versions.ts';
import type { GroupVersion } from '../discovery/group-versions.ts';
import { FRAME_V2, partV2, sharedDefinitions } from './document-v2.ts';
import type { PartV2 } from './document-v2.ts';
import { buildPart, documentV3 } from './document-v3.ts';
import { encodeMessage } from './gnostic.ts';
import { bytesField } from './protobuf-writer.ts';
import { once, published, publishedBytes } from './published-document.ts';
import type { PublishedDocument } from './published-document.ts';
import { yamlText } from './yaml-text.ts';

/** Everything under /openapi, for one set of kinds. Each document is made when it is first asked for. */
export interface Publication {
  /** Which documents of v3 there are. */
  index: () => PublishedDocument;
  /** By the path the index gives them, such as `apis/agent.wecode.io/v1`. */
  v3: ReadonlyMap<string, () => PublishedDocument>;
  v2: () => PublishedDocument;
  v2Protobuf: () => PublishedDocument;
}

/** What is made of one group and version; kept for as long as its kinds stay the same. */
interface PublishedVersion {
  version: GroupVersion;
  v3: () => PublishedDocument;
  v2: () => { paths: string; definitions: string };
  v2Protobuf: () => { paths: Uint8Array; definitions: Uint8Array };
}

/** Hands out what there is of `previous` for the groups that did not change. */
export class OpenApiPublisher {
  #versions = new Map<string, PublishedVersion>();

  publish(served: readonly Resource[]): Publication {
    const previous = this.#versions;
    this.#versions = new Map(
      groupVersions(served).map((version) => {
        const key = formatApiVersion(version);
        const known = previous.get(key);
        return [key, known !== undefined && isSame(known.version, version) ? known : publishVersion(version)];
      }),
    );
    const versions = [...this.#versions.values()];
    const v3 = new Map(versions.map((one) => [groupVersionPath(one.version).slice(1), one.v3]));
    const v2 = once(() => documentV2(versions));
    return {
      index: once(() => indexOf(v3)),
      v3,
      v2,
      // The same hash for both forms, as kube-apiserver: they vary by Accept.
      v2Protobuf: once(() => publishedBytes(protobufV2(versions), v2().hash)),
    };
  }
}

function isSame(left: GroupVersion, right: GroupVersion): boolean {
  return (
    left.resources.length === right.resources.length &&
    left.resources.every((resource, index) => resource === right.resources[index])
  );
}

function publishVersion(version: GroupVersion): PublishedVersion {
  const builtIn = version.resources.every((resource) => resource.builtIn);
  const makeV2 = (): PartV2 => partV2(buildPart(version), { builtIn });
  return {
    version,
    v3: once(() => published(yamlText(documentV3(buildPart(version))))),
    v2: once(() => {
      const { paths, definitions } = makeV2();
      return { paths: membersOf(paths), definitions: membersOf(definitions) };
    }),
    v2Protobuf: once(() => {
      const { paths, definitions } = makeV2();
      return {
        paths: encodeMessage('Paths', paths),
        definitions: encodeMessage('Definitions', definitions),
      };
    }),
  };
}

/** The hash of a document is part of its address, so that clients may keep it for ever (KEP 2896). */
export function addressV3(path: string, { hash }: PublishedDocument): string {
  return `/openapi/v3/${path}?hash=${hash}`;
}

function indexOf(documents: Publication['v3']): PublishedDocument {
  const paths = [...documents].map(([path, document]) => [
    path,
    { serverRelativeURL: addressV3(path, document()) },
  ]);
  return published(`${yamlText({ paths: Object.fromEntries(paths) })}\n`);
}

/** The inside of a JSON object, so that those of all groups can be put in one. */
const membersOf = (value: object): string => yamlText(value).slice(1, -1);

function documentV2(versions: readonly PublishedVersion[]): PublishedDocument {
  const parts = versions.map((one) => one.v2());
  const paths = parts.map((part) => part.paths);
  const definitions = [membersOf(sharedDefinitions()), ...parts.map((part) => part.definitions)];
  return published(
    `{${membersOf(FRAME_V2)},"paths":{${paths.join(',')}},"definitions":{${definitions.join(',')}}}`,
  );
}

/** A message is the sum of its parts: lists of parts of one message are simply written one after the other. */
function protobufV2(versions: readonly PublishedVersion[]): Uint8Array<ArrayBuffer> {
  const parts = versions.map((one) => one.v2Protobuf());
  const definitions = [
    encodeMessage('Definitions', sharedDefinitions()),
    ...parts.map((part) => part.definitions),
  ];
  const [pathsField, definitionsField] = [8, 9];
  return new Uint8Array(
    Buffer.concat([
      encodeMessage('Frame', FRAME_V2),
      bytesField(pathsField, Buffer.concat(parts.map((part) => part.paths))),
      bytesField(definitionsField, Buffer.concat(definitions)),
    ]),
  );
}
