import { globSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, inTx } from '@/server/platform/db';
import { newId } from '@/server/platform/ids';
import { createSnapshot } from '@/server/workspace/snapshots';
import { closeTestDb, seedOrganization, testDb } from '@/test/test-db';
import type { Embedder } from './embedders/embedder';
import { indexSnapshot } from './index-snapshot';
import { searchCode } from './search-code';
import { closeEmbedder, type EmbedderChoice, selectEmbedder } from './select-embedder';

let database: Database;
const OFF: EmbedderChoice = {
  embedder: null,
  reason: 'embeddings are off in this test',
};

beforeAll(async () => {
  database = await testDb();
});
afterAll(async () => {
  await closeEmbedder();
  await closeTestDb();
});

/** A project whose snapshots the test writes one after another. */
class Project {
  readonly projectId = newId();
  readonly organizationId: string;
  head: string | null = null;

  constructor(organizationId: string) {
    this.organizationId = organizationId;
  }

  static async create(): Promise<Project> {
    const { organizationId, userId } = await seedOrganization(database);
    const project = new Project(organizationId);
    await database.prisma.project.create({
      data: {
        id: project.projectId,
        organizationId,
        createdById: userId,
        title: 'Test',
        description: 'Test',
      },
    });
    return project;
  }

  async write(changes: Record<string, string | null>): Promise<string> {
    const { organizationId, projectId, head } = this;
    const { snapshotId } = await inTx((tx) =>
      createSnapshot(tx, {
        organizationId,
        projectId,
        parentId: head,
        changes: new Map(Object.entries(changes)),
        label: 'test',
      }),
    );
    this.head = snapshotId;
    return snapshotId;
  }

  index(embedder: EmbedderChoice, snapshotId = this.head ?? '') {
    return indexSnapshot({
      organizationId: this.organizationId,
      projectId: this.projectId,
      snapshotId,
      embedder,
    });
  }

  search(query: string, embedder: EmbedderChoice, limit = 10) {
    return searchCode({
      organizationId: this.organizationId,
      projectId: this.projectId,
      query,
      limit,
      embedder,
    });
  }

  chunks() {
    return database.prisma.codeChunk.findMany({
      where: { projectId: this.projectId },
      orderBy: [{ path: 'asc' }, { startLine: 'asc' }],
    });
  }
}

/** Counts what it embeds; two dimensions that say nothing about meaning. For bookkeeping tests only. */
function countingEmbedder(id: string): {
  choice: EmbedderChoice;
  texts: string[];
  failing: { now: boolean };
} {
  const texts: string[] = [];
  const failing = { now: false };
  const embedder: Embedder = {
    id,
    dims: 2,
    maxTokens: 100,
    embedDocuments: async (batch) => {
      if (failing.now) throw new Error('the provider is down');
      texts.push(...batch);
      return batch.map(() => Float32Array.of(0.6, 0.8));
    },
    embedQuery: async () => Float32Array.of(0.6, 0.8),
    close: async () => undefined,
  };
  return { choice: { embedder, reason: null }, texts, failing };
}

const big = (name: string, word: string) =>
  `export function ${name}() {\n${Array.from({ length: 20 }, () => `  ${word}();`).join('\n')}\n}\n`;

describe('indexing', () => {
  it('leaves no chunk of a changed or deleted file, and embeds only what is new', async () => {
    const project = await Project.create();
    const { choice, texts } = countingEmbedder('test:a');
    await project.write({
      'a.ts': big('alpha', 'one') + big('beta', 'two'),
      'b.ts': big('gamma', 'three'),
      'c.ts': big('delta', 'four'),
    });
    expect(await project.index(choice)).toMatchObject({
      status: 'indexed',
      filesIndexed: 3,
      chunkCount: 4,
      embedded: 4,
    });

    texts.length = 0;
    await project.write({
      'a.ts': big('alpha', 'one') + big('beta', 'changed'),
      'b.ts': null,
    });
    expect(await project.index(choice)).toMatchObject({ filesIndexed: 1, filesRemoved: 1, chunkCount: 3, embedded: 1 });
    expect(texts).toHaveLength(1);
    expect(texts[0]).toContain('changed()');
    const contents = (await project.chunks()).map(({ path, content }) => `${path} ${content}`).join('\n');
    expect(contents).not.toContain('two()');
    expect(contents).not.toContain('three()');
    expect(contents).toContain('a.ts export function alpha');
  });

  it('changes nothing when run again, and gives single rows when run twice at once', async () => {
    const project = await Project.create();
    const { choice, texts } = countingEmbedder('test:a');
    await project.write({ 'a.ts': big('alpha', 'one'), 'README.md': '# Title\ntext\n' });
    await Promise.all([project.index(choice), project.index(choice)]);
    const first = await project.chunks();
    expect(first).toHaveLength(2);
    texts.length = 0;
    expect(await project.index(choice)).toMatchObject({ filesIndexed: 0, embedded: 0, chunkCount: 2 });
    expect(await project.chunks()).toEqual(first);
    expect(texts).toEqual([]);
  });

  it('re-indexes when the embedder changes and keeps no vector of the old one', async () => {
    const project = await Project.create();
    await project.write({ 'a.ts': big('alpha', 'one') });
    await project.index(countingEmbedder('test:a').choice);
    const other = countingEmbedder('test:b');
    expect(await project.index(other.choice)).toMatchObject({ embedded: 1, chunkCount: 1 });
    expect((await project.chunks()).map(({ embedderId }) => embedderId)).toEqual(['test:b']);
    expect(await project.search('alpha', countingEmbedder('test:a').choice)).toMatchObject({ mode: 'lexical' });
    expect(await project.search('alpha', other.choice)).toMatchObject({ mode: 'hybrid', note: null });
  });

  it('does not let an older snapshot overwrite a newer one', async () => {
    const project = await Project.create();
    const older = await project.write({ 'a.ts': big('alpha', 'one') });
    await project.write({ 'a.ts': big('alpha', 'two') });
    await project.index(OFF);
    expect(await project.index(OFF, older)).toMatchObject({ status: 'superseded' });
    expect((await project.chunks()).map(({ content }) => content).join()).toContain('two()');
  });

  it('indexes words when embedding fails, says so, and embeds on the next run', async () => {
    const project = await Project.create();
    const { choice, failing } = countingEmbedder('test:a');
    await project.write({ 'a.ts': big('alpha', 'one') });
    failing.now = true;
    expect(await project.index(choice)).toMatchObject({
      status: 'indexed',
      embedded: 0,
      chunkCount: 1,
      note: expect.stringContaining('could not be embedded'),
    });
    const answer = await project.search('alpha', choice);
    expect(answer).toMatchObject({
      mode: 'lexical',
      note: expect.stringContaining('Found by words only'),
      hits: [{ path: 'a.ts', why: ['lexical'] }],
    });
    failing.now = false;
    expect(await project.index(choice)).toMatchObject({ embedded: 1, note: null });
    expect(await project.search('alpha', choice)).toMatchObject({
      mode: 'hybrid',
      hits: [{ why: ['vector', 'lexical'] }],
    });
  });

  it('finishes what a crash left half done', async () => {
    const project = await Project.create();
    const { choice } = countingEmbedder('test:a');
    await project.write({ 'a.ts': big('alpha', 'one'), 'b.ts': big('beta', 'two') });
    await project.index(choice);
    const whole = (await project.chunks()).map(({ path, content }) => [path, content]);
    // As after the first write of a run that then died: one file's rows are gone, the other's lack their vector.
    await database.prisma.codeChunk.deleteMany({
      where: { projectId: project.projectId, path: 'a.ts' },
    });
    await database.prisma
      .$executeRaw`UPDATE "CodeChunk" SET "embedding" = NULL, "embedderId" = NULL WHERE "projectId" = ${project.projectId}`;
    await project.index(choice);
    expect((await project.chunks()).map(({ path, content }) => [path, content])).toEqual(whole);
    expect((await project.chunks()).every(({ embedderId }) => embedderId === 'test:a')).toBe(true);
  });

  it('refuses a snapshot of another organization or project', async () => {
    const [mine, theirs] = [await Project.create(), await Project.create()];
    const snapshotId = await theirs.write({ 'a.ts': 'secret' });
    await expect(mine.index(OFF, snapshotId)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('searching', () => {
  it('finds the exact name before what is only near it, and drops what holds a word by chance', async () => {
    const project = await Project.create();
    const filler = Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [`near${index}.ts`, big(`parseLine${index}`, 'parse')]),
    );
    await project.write({
      ...filler,
      'parse.ts': 'export function parseLine() {}\n',
      'uses.ts': `${'// parse parse parse line line line\n'.repeat(5)}parseLine();\n`,
      'Case.ts': 'export function ParseLine() {}\n',
    });
    await project.index(OFF);
    for (const query of ['parseLine', 'where is `parseLine`?', 'who calls parseLine'])
      expect((await project.search(query, OFF, 2)).hits.map(({ path }) => path)).toEqual(['parse.ts', 'uses.ts']);
    expect((await project.search('README.md parse.ts', OFF, 1)).hits[0]?.path).toBe('parse.ts');
    const { hits, terms } = await project.search('parseLine', OFF, 50);
    expect(terms).toEqual(['parseline', 'parse', 'line']);
    expect(hits.length).toBeLessThan(15);
  });

  it('never shows another organization a chunk, whatever project it names', async () => {
    const [mine, theirs] = [await Project.create(), await Project.create()];
    await theirs.write({ 'secret.ts': big('secretRecipe', 'one') });
    await theirs.index(OFF);
    expect((await theirs.search('secret recipe', OFF)).hits).toHaveLength(1);
    const answer = await searchCode({
      organizationId: mine.organizationId,
      projectId: theirs.projectId,
      query: 'secret recipe',
      limit: 5,
      embedder: OFF,
    });
    expect(answer.hits).toEqual([]);
  });

  it('finds parts of names and puts the declaration before its uses', async () => {
    const project = await Project.create();
    await project.write({
      'uses.ts': 'parseHttpHeader(); parseHttpHeader(); parseHttpHeader();\n',
      'header.ts': 'export function parseHttpHeader() {}\n',
      'other.ts': 'export function nothing() {}\n',
    });
    await project.index(OFF);
    for (const query of ['parseHttpHeader', 'http header', 'where do we PARSE the header?']) {
      const { hits } = await project.search(query, OFF);
      expect(hits.map(({ path }) => path)).toEqual(['header.ts', 'uses.ts']);
    }
  });

  it.each([
    '\'; DROP TABLE "CodeChunk"; --',
    'a & b | !c <-> (d:*)',
    '"unbalanced \'quotes',
    '\\',
    '%_',
    '   ',
    '!?.,;:',
    '',
    '\0nul\0',
    '\ud800 half',
    '💥 émoji ünïcode 日本語',
    'x'.repeat(10_000),
    'many different words '.repeat(500),
    Array.from({ length: 2_000 }, (_, index) => `w${index}`).join(' '),
    'the of and to',
  ])('answers odd question %#', async (query) => {
    const project = await Project.create();
    await project.write({ 'a.ts': big('alpha', 'one') });
    const { choice } = countingEmbedder('test:a');
    await project.index(choice);
    for (const embedder of [OFF, choice])
      expect(Array.isArray((await project.search(query, embedder)).hits)).toBe(true);
  });

  it('finds the right files of this code base by plain questions, with the local model', async () => {
    const local = await selectEmbedder();
    expect(local.reason).toBeNull();
    const project = await Project.create();
    const paths = globSync([
      'server/{platform,workspace,credits,code-search}/**/*.ts',
      'scripts/local-model/*.ts',
    ]).filter((path) => !path.endsWith('.test.ts') && !path.includes('/test-'));
    await project.write(Object.fromEntries(paths.map((path) => [path, readFileSync(path, 'utf8')])));
    await project.index(local);
    const questions: [question: string, file: string][] = [
      ['two processes opening the same database folder', 'server/platform/owner-lock.ts'],
      ['which environment variables are read and validated', 'server/platform/env.ts'],
      ['move the clock in tests', 'server/platform/clock.ts'],
      ['reciprocal rank fusion', 'server/code-search/search-code.ts'],
      ['split a markdown document at its headings', 'server/code-search/chunk-lines.ts'],
      ['write protobuf messages of a neural network file', 'scripts/local-model/encode-onnx.ts'],
      ['camel case words', 'server/code-search/split-identifiers.ts'],
      ['page rank of files for the task', 'server/code-search/repo-map.ts'],
      ['http status of an error code', 'server/platform/errors.ts'],
      ['apply schema migrations with webassembly', 'server/platform/migrate.ts'],
      ['roll back to an earlier snapshot', 'server/workspace/snapshots.ts'],
      ['generate a sortable unique identifier', 'server/platform/ids.ts'],
    ];
    const missed: string[] = [];
    for (const [question, file] of questions) {
      const { mode, hits } = await project.search(question, local, 5);
      expect(mode).toBe('hybrid');
      if (!hits.some(({ path }) => path === file))
        missed.push(`${question}: ${hits.map(({ path }) => path).join(', ')}`);
    }
    expect(missed).toEqual([]);
    // What the code has nothing to do with finds nothing, whatever lies nearest; so does a project without such words.
    for (const senseless of ['zzzqqq', 'asdfghjkl', 'qwxz vbnm', 'xyzzy plugh'])
      expect(await project.search(senseless, local, 20)).toMatchObject({ mode: 'hybrid', hits: [] });
    // Some 130 files are embedded by a real model.
  }, 180_000);
});
