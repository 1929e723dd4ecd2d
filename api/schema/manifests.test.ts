import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Unstructured } from '../machinery/meta.ts';
import { loadDefinitions } from './load-crds.ts';
import { coerceObjectMeta } from './object-meta.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** Objects of a cluster, of Argo CD and of Flux. */
const FOR_OTHERS = /^examples\/(helm\/|gitops\/with\/(argo-cd|flux)\.yaml)/;
const definitions = loadDefinitions();

/** Everything Strict field validation or the schema would have against the manifest. */
function objections(manifest: Unstructured): string[] {
  const definition = definitions.find((one) => one.kind === manifest.kind);
  if (definition === undefined) return [`no kind ${manifest.kind}`];
  const { object, unknownFields } = definition.compiled.prune(manifest);
  const causes = definition.compiled.validate(definition.compiled.applyDefaults(object));
  const meta = coerceObjectMeta(manifest.metadata);
  return [
    ...unknownFields,
    ...meta.unknownFields,
    ...[...causes, ...meta.causes].map((cause) => `${cause.field}: ${cause.message}`),
  ];
}

/** Manifests written for compatible servers, every field of the seven kinds among them. */
const COMPATIBLE = `
apiVersion: agent.wecode.io/v1
kind: Ghost
metadata: { name: developer-ghost, namespace: default, displayName: Developer, labels: { team: a } }
spec:
  systemPrompt: You are a developer.
  mcpServers: { github: { command: docker, args: [run, -i], env: { TOKEN: x } }, web: { type: sse, url: 'http://x' } }
  defaultKnowledgeBaseRefs: [{ id: 3, name: handbook }]
  skills: [excel]
  preload_skills: [excel]
  skill_refs: { excel: { skill_id: 101, namespace: default, is_public: false, content_hash: 'sha256:00' } }
  preload_skill_refs: { excel: { skill_id: 101 } }
status: { state: Available, message: null }
---
apiVersion: agent.wecode.io/v1
kind: Model
metadata: { name: ClaudeSonnet4, namespace: default }
spec:
  modelConfig: { env: { model: claude, model_id: m, api_key: k, base_url: 'http://x' }, context_window: 200000, visionSidecarModel: { name: v } }
  isCustomConfig: true
  protocol: claude
  apiFormat: chat/completions
  costIndex: 1.5
  contextWindow: 200000
  maxOutputTokens: 8192
  modelType: llm
  modelGroup: a
  modelSubGroup: b
  ttsConfig: { voice: alloy, speed: 1.25, output_format: wav }
  sttConfig: { language: zh, transcription_format: srt }
  embeddingConfig: { dimensions: 1536, encoding_format: base64, additional_input_modalities: [image] }
  rerankConfig: { top_n: 5, return_documents: false }
  videoConfig: { resolution: 720p, fps: 30, priority: 9, capabilities: { durations_sec: [5, 10] }, something_new: 1 }
  imageConfig: { size: 2K, max_images: 15, quality: high, something_new: 1 }
  isAdvanced: false
  isWeworkAvailable: true
  modelCapabilities: { supportsImage: true, supportsVideo: null }
---
apiVersion: agent.wecode.io/v1
kind: Model
metadata: { name: cheap }
spec: { modelConfig: {}, costIndex: '0.25' }
---
apiVersion: agent.wecode.io/v1
kind: Shell
metadata: { name: ClaudeCode, labels: { type: local_engine } }
spec: { shellType: ClaudeCode, supportModel: [anthropic], baseImage: 'a/b:1', baseShellRef: ClaudeCode, requiresWorkspace: null }
---
apiVersion: agent.wecode.io/v1
kind: Shell
metadata: { name: older }
spec: { runtime: Agno }
---
apiVersion: agent.wecode.io/v1
kind: Bot
metadata: { name: developer-bot }
spec:
  ghostRef: { name: developer-ghost, namespace: default }
  shellRef: { name: ClaudeCode, namespace: default }
  modelRef: { name: ClaudeSonnet4, namespace: default }
  secondaryModelRef: { name: cheap }
---
apiVersion: agent.wecode.io/v1
kind: Team
metadata: { name: dev-team }
spec:
  members:
    - { name: developer, botRef: { name: developer-bot, namespace: default }, prompt: Develop., role: leader, requireConfirmation: true, contextPassing: original_and_previous }
    - { botRef: { name: developer-bot }, role: null, prompt: null }
  collaborationModel: pipeline
  bind_mode: [chat, code]
  description: Develops.
  icon: gear
  requiresWorkspace: true
  capability: { anything: [1] }
  inputPlaceholder: { en: Ask, zh: 问, mobile: { en: Ask }, desktop: { zh: 问 } }
  quick_phrases: [Fix it]
---
apiVersion: agent.wecode.io/v1
kind: Workspace
metadata: { name: project }
spec: { repository: { gitUrl: 'https://github.com/a/b.git', gitRepo: a/b, gitRepoId: 7, branchName: main, gitDomain: github.com } }
---
apiVersion: agent.wecode.io/v1
kind: Task
metadata: { name: implement-feature }
spec:
  title: Implement a feature
  prompt: Do it.
  teamRef: { name: dev-team, namespace: default, user_id: 1 }
  workspaceRef: { name: project, namespace: default }
  is_group_chat: false
  knowledgeBaseRefs: [{ id: 1, name: a, boundBy: me, boundAt: '2026-01-01' }]
  knowledgeBaseScopes: [{ id: 1, namespace: a, name: b, scopeRestricted: true, folderIds: [1], explicitDocumentIds: [2], includeSubfolders: false }]
  externalKnowledgeRefs: [{ provider: p, mode: explicit, id: 5, name: a, scope: s, target_type: t, node_id: n, document_id: d, parent_id: p, target_name: n, resource_url: u, boundBy: b, boundAt: a }]
  device_id: d
  execution: { workspace: { source: git_worktree, path: /w } }
  fork: { sourceTaskId: 1, afterMessageId: 0, rootTaskId: 1, runtime: { a: 1 } }
  currentStage: 0
status:
  state: Available
  status: COMPLETED
  progress: 100
  result: { value: done }
  subTasks: [{ title: a, role: ASSISTANT, bot_ids: [1, b], executor_name: x, status: COMPLETED, progress: 100, messageId: 2, parentId: 1, something_new: 1 }]
  app: { name: a, address: b, previewUrl: c }
  archive: { storageKey: k, sizeBytes: 5, gitIncluded: true }
`;

const manifestsOf = (text: string): Unstructured[] =>
  parseAllDocuments(text).map((document) => document.toJS() as Unstructured);

describe('manifests', () => {
  const compatible = manifestsOf(COMPATIBLE).map((manifest) => ({
    name: `${manifest.kind}/${manifest.metadata.name}`,
    manifest,
  }));
  it.each(compatible)('of compatible servers are taken whole: $name', ({ manifest }) => {
    expect(objections(manifest)).toEqual([]);
  });

  const files = globSync('examples/**/*.yaml', { cwd: ROOT })
    .filter((file) => !FOR_OTHERS.test(file))
    .sort();
  const examples = files.flatMap((file) =>
    manifestsOf(readFileSync(join(ROOT, file), 'utf8')).map((manifest) => ({ file, manifest })),
  );
  const objects = examples.filter(
    ({ manifest }) => manifest?.kind !== undefined && manifest.kind !== 'Kustomization',
  );
  it('of examples/ are found', () => {
    expect(objects.length).toBeGreaterThan(0);
  });
  it.each(objects)('of examples/ are valid: $file $manifest.kind', ({ manifest }) => {
    expect(objections(manifest)).toEqual([]);
  });

  const bad: { reason: string; text: string; want: string[] }[] = [
    {
      reason: 'a Team without members',
      text: 'kind: Team\nmetadata: { name: a }\nspec: { members: [], collaborationModel: solo }',
      want: ['spec.members: Invalid value: 0: spec.members in body should have at least 1 items'],
    },
    {
      reason: 'a Shell without a type',
      text: 'kind: Shell\nmetadata: { name: a }\nspec: {}',
      want: [
        '<nil>: Invalid value: "": "spec" must validate at least one schema (anyOf)',
        'spec.shellType: Required value',
        '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
      ],
    },
    {
      reason: 'a misspelt field',
      text: 'kind: Workspace\nmetadata: { name: a }\nspec: { repository: { gitUrl: x, branch: main } }',
      want: ['spec.repository.branch', 'spec.repository.branchName: Required value'],
    },
    {
      reason: 'a prompt of 2 MB',
      text: `kind: Task\nmetadata: { name: a }\nspec: { teamRef: { name: t }, prompt: ${'x'.repeat(2 ** 21)} }`,
      want: [
        'spec.prompt: Too long: may not be more than 1048576 bytes',
        '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
      ],
    },
    { reason: 'no spec', text: 'kind: Bot\nmetadata: { name: a }', want: ['spec: Required value'] },
  ];
  it.each(bad)('name the field: $reason', ({ text, want }) => {
    expect(manifestsOf(text).flatMap(objections)).toEqual(want);
  });
});
