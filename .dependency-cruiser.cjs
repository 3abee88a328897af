/** The dependency rule of server/README.md: downward only. Order matters: a folder may import itself and what is below. */
const LAYERS = [
  'platform',
  'auth',
  'organizations',
  'credits',
  ['workspace', 'models', 'billing'],
  'code-search',
  'agents',
  'runs',
  'projects',
  ['api', 'jobs'],
];
const TESTS = '\\.(test|db\\.test|spec)\\.tsx?$';

const upward = LAYERS.flatMap((layer, index) => {
  const names = [layer].flat();
  const above = LAYERS.slice(index + 1).flat();
  return names.map((name) => ({
    name: `${name}-imports-only-downward`,
    severity: 'error',
    from: { path: `^server/${name}/`, pathNot: TESTS },
    // Peers of one layer never import each other. `agents/schema.ts` holds formats that runs store and show.
    to: { path: `^server/(${[...above, ...names.filter((peer) => peer !== name)].join('|') || 'nothing'})/` },
  }));
});

module.exports = {
  forbidden: [
    ...upward,
    {
      name: 'no-circular',
      severity: 'error',
      from: { pathNot: 'prisma/generated' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'domains-know-no-transport',
      severity: 'error',
      from: { path: '^server/(?!api/)', pathNot: TESTS },
      to: { path: 'node_modules/(@trpc|next|react|react-dom)/' },
    },
    {
      name: 'components-import-only-schemas',
      severity: 'error',
      from: { path: '^components/' },
      to: { path: '^server/', pathNot: '/schema(-operator)?\\.ts$|^server/api/root\\.ts$' },
    },
    {
      name: 'app-imports-only-the-api',
      severity: 'error',
      from: { path: '^app/' },
      to: { path: '^server/', pathNot: '^server/api/|/schema(-operator)?\\.ts$' },
    },
    {
      name: 'product-imports-no-test',
      severity: 'error',
      from: { path: '^(server|components|app)/', pathNot: TESTS },
      to: { path: '^(test|e2e)/' },
    },
    {
      name: 'nothing-but-journeys-imports-e2e',
      severity: 'error',
      from: { pathNot: '^e2e/' },
      to: { path: '^e2e/' },
    },
    {
      // Code that held a provider's model could call it unmetered.
      name: 'only-the-gateway-calls-providers',
      severity: 'error',
      from: { path: '^(server|app|components)/', pathNot: `^server/models/(gateway|providers)/|${TESTS}` },
      to: { path: '^server/models/providers/create-model|node_modules/(@ai-sdk/(?!provider/)|@openrouter/|ai/)' },
    },
    {
      name: 'models-folders-import-only-downward',
      severity: 'error',
      from: { path: '^server/models/(access|catalogue|keys|providers|demo)/', pathNot: TESTS },
      to: { path: '^server/models/gateway/' },
    },
    {
      name: 'keys-and-catalogue-stand-below-access',
      severity: 'error',
      from: { path: '^server/models/(catalogue|keys|providers|demo)/', pathNot: TESTS },
      to: { path: '^server/models/access/' },
    },
    { name: 'nothing-imports-app', severity: 'error', from: { path: '^(server|components)/' }, to: { path: '^app/' } },
    {
      name: 'only-credits-and-tests-reach-the-ledger-functions',
      severity: 'error',
      from: { path: '^(app|components)/' },
      to: { path: '^prisma/' },
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: 'prisma/generated' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules|prisma/generated' },
    exclude: { path: 'prisma/generated|server/models/demo/projects' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.mts', '.js', '.mjs', '.cjs', '.json', '.css'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
