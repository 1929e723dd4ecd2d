/**
 * Which folder may import which; docs/imports.md shows it as a table, made from these rules.
 * `import type` counts (tsPreCompilationDeps), because a type dependency is a dependency of thought.
 *
 * Each layer names the folders of ours that it may import beside itself. Unit tests (*.test.ts) may use
 * their whole top-level folder and all of api/, since they run on real parts and not on stand-ins.
 */
// The visitor of @swc/core does not know `using` and `await using` and throws; their initialisers are walked here
// like those of `const`. Remove this when dependency-cruiser reads such files by itself.
const { Visitor } = require('@swc/core/Visitor.js');
const visitStatement = Visitor.prototype.visitStatement;
Visitor.prototype.visitStatement = function visitUsing(statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  this.visitVariableDeclarators(statement.decls);
  return statement;
};

/** The top-level folders with code, as dev/source-folders.ts has them; what is imported from one of them is "ours". */
const folders = Object.keys(require('./package.json').imports).map((alias) => alias.slice(1, -'/*'.length));
const OURS = `^(${folders.join('|')})/`;
const TEST = '[.]test[.]ts$';

const machinery = '^api/machinery/';
/** Who judges how good an answer is. */
const quality = '^api/types/teams/quality[.]ts$';
const clock = '^api/machinery/clock[.]ts$';
const types = '^api/types/';
const structuralSchema = '^api/structural-schema/';
const cel = '^api/cel/';
const schema = '^api/schema/';
const structuredMerge = '^api/structured-merge/';
const client = '^api/client/';
const joinToken = '^api/types/join-token[.]ts$';
/** Who makes a request: one file per way to show it. */
const authentication = '^api/authentication/';
/** Who may do what: the rules, and how they are judged. */
const authorization = '^api/authorization/';
/** People who have accounts of the server's own: passwords, sessions, API keys. */
const users = '^api/users/';
/** Clients judge a password by them before they make the account that it is for. */
const passwordRules = '^api/users/passwords/password-rules[.]ts$';
/** Who did what: the policy, the events, and where they go. */
const audit = '^api/audit/';
/** Prometheus: for what composes a process; everybody else counts with the Meter of machinery. */
const metrics = '^api/metrics/';
/** OpenTelemetry: for what composes a process; everybody else works in spans with the Tracer of machinery. */
const tracing = '^api/tracing/';
/** Where replicas count together what is rare. */
const sharedCounts = '^api/shared-counts/';
const contract = '^api/storage/contract/';
/** Files that operators and other processes change while this one runs. */
const watchedFiles = '^api/watched-files/';
/** What asks for root keys, and so says what a file of them is for. */
const rootKeys = '^api/storage/encryption/root-keys[.]ts$';
/** Files that hold secrets: how they are made whole, and agreed upon. */
const privateFile = '^api/data-folder/private-file[.]ts$';
/** The events of a Task: the one thing of the kinds that storage, which keeps them, knows. */
const taskEvent = '^api/types/tasks/task-event(-text)?[.]ts$';
/** When a Task has ended. */
const task = '^api/types/tasks/task[.]ts$';
/** Who may decide an Approval at a moment. */
const approval = '^api/types/approval[.]ts$';
/** What the executor manager and the runner in a sandbox say to each other. */
const protocol = '^executor-manager/protocol/';
/** What model services and their clients say to each other. */
const modelProtocols = '^model-protocols/';
/** Packages of skills: how they are read, checked and packed; pure but for the archiver's threads. */
const skillPackages = '^skill-packages/';
/** How addresses that users give are called. */
const guardedClient = '^guarded-client/';
/** How git is run: its environment, its access to a remote, and its failures in plain words. */
const gitProgram = '^git-program/';
/** Which headers users may give to a request; pure. */
const givenHeader = '^guarded-client/given-header[.]ts$';
/** Settings of the types of Shell: how they are read and judged; pure. */
const shellOptions = '^shell-options/';
/** Folders that agents have worked in, and how they are removed. */
const agentFolders = '^agent-folders/';
/** What a workflow is, and what is wrong with one; pure. */
const workflows = '^workflows/';
/** Where objects may hold credentials. */
const credentialFields = '^api/types/credentials/credential-fields[.]ts$';
/** What the next Task of a Team would run with; pure. */
const effectiveTeam = '^controllers/task/configuration/effective-team[.]ts$';
/** The graph of a Task as far as it is known. */
const taskGraph = '^controllers/task/unfold/task-graph[.]ts$';
/** CEL over JSON values. */
const expressions = '^api/schema/expressions[.]ts$';
/** How parameters are held to a schema. */
const parameters = '^api/schema/parameters[.]ts$';
/** Files directly in a top-level folder: config.ts, main.ts and what composes a process. */
const composition = '^(api|controllers|executor-manager|model-server|sync)/[^/]+[.]ts$';

const layers = [
  { name: 'api-machinery', from: machinery, may: [] },
  { name: 'api-types', from: types, may: [machinery] },
  { name: 'api-structural-schema', from: structuralSchema, may: [machinery] },
  { name: 'api-cel', from: cel, may: [machinery, structuralSchema] },
  { name: 'api-schema', from: schema, may: [machinery, structuralSchema, cel] },
  { name: 'api-storage', from: '^api/storage/', may: [machinery, taskEvent] },
  { name: 'api-watched-files', from: watchedFiles, may: [machinery] },
  { name: 'api-data-folder', from: '^api/data-folder/', may: [machinery, contract, rootKeys, watchedFiles] },
  { name: 'api-structured-merge', from: structuredMerge, may: [machinery, structuralSchema, schema] },
  { name: 'api-authentication', from: authentication, may: [machinery, structuralSchema, cel, watchedFiles] },
  { name: 'api-authorization', from: authorization, may: [machinery, types] },
  {
    name: 'api-users',
    from: users,
    may: [machinery, types, authentication, '^api/registry/', contract, sharedCounts],
  },
  {
    name: 'api-registry',
    from: '^api/registry/',
    may: [
      machinery,
      types,
      structuralSchema,
      schema,
      structuredMerge,
      contract,
      authentication,
      authorization,
      skillPackages,
      workflows,
      authorization,
    ],
  },
  {
    name: 'api-server',
    from: '^api/server/',
    may: [machinery, types, '^api/registry/', authentication, audit, users, sharedCounts],
  },
  { name: 'api-shared-counts', from: sharedCounts, may: [machinery] },
  { name: 'api-audit', from: audit, may: [machinery, guardedClient] },
  { name: 'api-client', from: client, may: [machinery, types] },
  { name: 'api-metrics', from: metrics, may: [machinery] },
  { name: 'api-tracing', from: tracing, may: [machinery] },
  { name: 'api-composition', from: '^api/[^/]+[.]ts$', may: ['^api/', guardedClient] },
  { name: 'controllers-runtime', from: '^controllers/runtime/', may: [machinery, client, guardedClient] },
  {
    name: 'controllers-kind',
    from: '^controllers/(?!runtime/)([^/]+)/',
    may: [
      '^controllers/$1/',
      '^controllers/runtime/',
      machinery,
      types,
      client,
      parameters,
      skillPackages,
      shellOptions,
      workflows,
      expressions,
      guardedClient,
    ],
    notItself: true,
  },
  {
    name: 'controllers-composition',
    from: '^controllers/[^/]+[.]ts$',
    may: ['^controllers/', machinery, client, guardedClient],
  },
  { name: 'executor-manager-protocol', from: protocol, may: [] },
  {
    name: 'executor-manager',
    from: '^executor-manager/(?!protocol/|model-forwarder/)',
    may: [
      '^executor-manager/',
      machinery,
      types,
      client,
      privateFile,
      guardedClient,
      skillPackages,
      agentFolders,
    ],
    notItself: true,
  },
  {
    name: 'executor-manager-model-forwarder',
    from: '^executor-manager/model-forwarder/',
    may: ['^executor-manager/', machinery, types, modelProtocols, guardedClient],
    notItself: true,
  },
  {
    name: 'executor-image',
    from: '^executor-image/',
    may: [protocol, modelProtocols, skillPackages, shellOptions, guardedClient, agentFolders, gitProgram],
  },
  { name: 'release', from: '^release/', may: ['^executor-image/image/'] },
  { name: 'model-protocols', from: modelProtocols, may: [] },
  { name: 'agent-folders', from: agentFolders, may: [] },
  { name: 'git-program', from: gitProgram, may: [] },
  { name: 'guarded-client', from: guardedClient, may: [] },
  { name: 'shell-options', from: shellOptions, may: [] },
  { name: 'skill-packages', from: skillPackages, may: [] },
  {
    name: 'sync',
    from: '^sync/',
    may: [machinery, types, client, '^controllers/runtime/', guardedClient, gitProgram],
  },
  { name: 'workflows', from: workflows, may: [clock, types, expressions, parameters, givenHeader] },
  { name: 'model-server', from: '^model-server/', may: [machinery, modelProtocols] },
  {
    name: 'cli',
    from: '^cli/',
    may: [
      client,
      machinery,
      metrics,
      tracing,
      passwordRules,
      task,
      approval,
      quality,
      taskEvent,
      skillPackages,
      workflows,
      credentialFields,
      effectiveTeam,
      taskGraph,
      composition,
      joinToken,
    ],
  },
];

const layerRules = layers.map((layer) => ({
  name: `layer-${layer.name}`,
  comment: `${layer.from} may import, of ours: ${layer.may.join(', ') || 'nothing'}`,
  severity: 'error',
  from: { path: layer.from, pathNot: TEST },
  to: { path: OURS, pathNot: layer.notItself ? layer.may : [layer.from, ...layer.may] },
}));

/** npm packages with the only folders that may import them; a package not listed here is for dev/ and test/. */
const packages = {
  '@agentclientprotocol/sdk': ['^executor-image/adapters/acp/'],
  '@hono/node-server': ['^api/server/'],
  '@js-sdsl/ordered-map': ['^controllers/sandbox/'],
  '@kubernetes/client-node': ['^api/client/', '^executor-manager/drivers/kubernetes/'],
  '@opentelemetry/api': [tracing],
  '@opentelemetry/exporter-trace-otlp-proto': [tracing],
  '@opentelemetry/resources': [tracing],
  '@opentelemetry/sdk-trace': [tracing],
  '@peculiar/x509': ['^api/data-folder/'],
  '@marcbachmann/cel-js': ['^api/cel/'],
  '@modelcontextprotocol/sdk': ['^executor-image/tools/', '^executor-image/adapters/(action|chat)/'],
  ajv: ['^executor-image/'],
  'better-sqlite3': ['^api/storage/'],
  commander: ['^cli/'],
  diff: ['^cli/revisions/'],
  dockerode: ['^executor-manager/drivers/'],
  'drizzle-orm': ['^api/storage/'],
  'eventsource-parser': [modelProtocols],
  hono: ['^api/server/'],
  ioredis: ['^api/storage/', sharedCounts],
  'ipaddr.js': [guardedClient],
  jose: [authentication],
  'json-schema-to-typescript': ['^api/types/generate[.]ts$'],
  mysql2: ['^api/storage/'],
  'prom-client': ['^api/metrics/'],
  nodemailer: ['^api/users/smtp-mailer[.]ts$'],
  'openid-client': ['^cli/login/provider-login[.]ts$'],
  pino: ['^[^/]+/[^/]+[.]ts$'],
  'rate-limiter-flexible': ['^api/server/limits/'],
  re2js: ['^api/structural-schema/', '^api/cel/', '^executor-image/run/', shellOptions, '^model-server/'],
  'reflect-metadata': ['^api/data-folder/'],
  rolldown: ['^executor-image/image/', '^release/'],
  undici: [
    '^api/client/',
    '^cli/login/provider-login[.]ts$',
    '^executor-manager/',
    '^executor-image/tools/',
    guardedClient,
  ],
  ws: ['^executor-manager/(drivers/kubernetes|streams)/'],
  yaml: [
    '^api/(audit|authentication|client|data-folder|schema|server|types)/',
    '^cli/',
    '^executor-manager/drivers/kubernetes/',
    '^model-server/',
    skillPackages,
    '^sync/manifests/',
  ],
  yauzl: [skillPackages],
  yazl: [skillPackages],
};

const escaped = (name) => name.replaceAll(/[.]/g, '[.]');
const named = Object.keys(packages).map((name) => `^node_modules/(@types/)?${escaped(name)}/`);
const TOOLS = ['^dev/', '^test/', TEST, '/generate[.]ts$', '[.]config[.]ts$'];

const packageRules = Object.entries(packages).map(([name, folders]) => ({
  name: `npm-${name}`,
  comment: `${name} is imported in ${folders.join(', ')} only`,
  severity: 'error',
  from: { path: OURS, pathNot: [...folders, ...TOOLS] },
  to: { path: `^node_modules/(@types/)?${escaped(name)}/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layerRules,
    ...packageRules,
    {
      name: 'npm-unlisted',
      comment: 'a package is listed in .dependency-cruiser.cjs with the folders that may import it',
      severity: 'error',
      from: { path: OURS, pathNot: TOOLS },
      to: { path: '^node_modules/', pathNot: named },
    },
    {
      name: 'protocol-imports-nothing',
      comment:
        'the wire types of manager and sandbox depend on nothing at all, so that both sides can take them',
      severity: 'error',
      from: { path: protocol, pathNot: TEST },
      to: { pathNot: protocol },
    },
    {
      name: 'machinery-is-pure',
      comment: 'no files, sockets or processes below the API',
      severity: 'error',
      from: { path: machinery, pathNot: TEST },
      to: { path: '^(node:)?(fs|fs/promises|net|http|https|http2|tls|child_process|worker_threads)$' },
    },
    {
      name: 'dev-is-for-tools',
      comment: 'only dev/ and test/ import dev/',
      severity: 'error',
      from: { path: OURS, pathNot: '^(dev|test)/' },
      to: { path: '^dev/' },
    },
    {
      name: 'nobody-imports-tests',
      comment: 'test/ and *.test.ts are imported by nobody else',
      severity: 'error',
      from: { path: OURS, pathNot: '^test/' },
      to: { path: ['^test/', TEST] },
    },
    {
      name: 'unit-tests-stay-near',
      comment: 'a test that crosses top-level folders (other than into api/) belongs in test/',
      severity: 'error',
      from: { path: `${OURS}.*[.]test[.]ts$`, pathNot: '^(dev|test)/' },
      to: {
        path: OURS,
        pathNot: [
          '^$1/',
          '^api/',
          protocol,
          modelProtocols,
          skillPackages,
          shellOptions,
          agentFolders,
          workflows,
          composition,
        ],
      },
    },
    {
      name: 'main-is-an-end',
      comment: 'a main.ts starts a process; only the troupe command, tools and tests may import it',
      severity: 'error',
      from: { path: OURS, pathNot: ['^(cli|dev|test)/', TEST] },
      to: { path: '/main[.]ts$' },
    },
    { name: 'no-cycle', comment: 'modules form a tree', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'resolves',
      comment: 'every import resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: ['node_modules'] },
    exclude: { path: ['^[.]cache/'] },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.d.ts'],
      conditionNames: ['node', 'import', 'require', 'types', 'default'],
      exportsFields: ['exports'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
