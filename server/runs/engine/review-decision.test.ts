import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Finding } from '@/server/agents/schema';
import { type CheckFact, type DecisionInput, decide, findingHash } from './review-decision';

const passed = { status: 'passed' as const, required: true, command: 'node --test', output: '' };

it.each(['APPROVED', 'REJECTED'] as const)(
  'a criterion called met without evidence is never approved, verdict %s',
  (status) => {
    const verdict = { status, criteria: [{ id: 'T1.1', met: true, evidence: ' ' }], findings: [] };
    const input = {
      verdict,
      criteria: [{ id: 'T1.1', text: 'works' }],
      checks: [passed],
      attempt: 2,
      files: new Map(),
    };
    expect(decide(input).status).toBe('REJECTED');
  },
);

it('approves what is met, proven and checked on this snapshot, and nothing without a passed check', () => {
  const verdict = {
    status: 'APPROVED' as const,
    criteria: [{ id: 'T1.1', met: true, evidence: 'a.js:1' }],
    findings: [],
  };
  const input = { verdict, criteria: [{ id: 'T1.1', text: 'works' }], attempt: 1, files: new Map([['a.js', 3]]) };
  expect(decide({ ...input, checks: [passed] }).status).toBe('APPROVED');
  expect(decide({ ...input, checks: [] }).status).toBe('REJECTED');
  expect(decide({ ...input, checks: [{ ...passed, status: 'failed' }] }).status).toBe('REJECTED');
});

describe('evidence', () => {
  const decided = (said: string, more: Partial<DecisionInput['verdict']> = {}) =>
    decide({
      verdict: { status: 'APPROVED', criteria: [{ id: 'T1.1', met: true, evidence: said }], findings: [], ...more },
      criteria: [{ id: 'T1.1', text: 'works' }],
      checks: [
        { ...passed, kind: 'test' },
        { status: 'skipped', required: false, kind: 'build', command: 'npm run build', output: '' },
      ],
      attempt: 1,
      files: new Map([
        ['src/a.js', 10],
        ['app/(shop)/page.tsx', 4],
      ]),
    });

  it.each([
    'src/a.js:10 returns the sum',
    'see `a.js` (line 3)',
    'b/src/a.js#L4',
    '(app/(shop)/page.tsx:4)',
    'the passing test',
    '"node --test" passed',
  ])('counts when it names something real: %s', (said) => {
    expect(decided(said).status).toBe('APPROVED');
  });

  it.each(['.', 'see nothere.js:9999', 'src/a.js:11', 'src/a.json', 'lib/a.js', 'it works', 'npm run build passed'])(
    'does not count when it names nothing real: %s',
    (said) => {
      expect(decided(said)).toMatchObject({
        status: 'REJECTED',
        decidedBy: 'a criterion was called met without evidence',
        findings: [{ criterion: 'T1.1' }],
      });
    },
  );

  it('an approval with a blocker is none, wherever the blocker points', () => {
    const findings = [{ severity: 'blocker' as const, problem: 'It loses data.', fix: '' }];
    expect(decided('src/a.js:1', { findings })).toMatchObject({
      status: 'REJECTED',
      findings: [{ criterion: 'T1.1', problem: 'It loses data.' }],
    });
  });

  it('a criterion with two different results is not met', () => {
    const met = { id: 'T1.1', met: true, evidence: 'src/a.js:1' };
    const criteria = [met, { ...met, met: false }];
    expect(decided('', { criteria }).status).toBe('REJECTED');
    expect(decided('', { criteria: [met, met] }).status).toBe('APPROVED');
  });

  it('a rejection without findings names what is not met', () => {
    const criteria = [{ id: 'T1.1', met: false, evidence: 'nothing sums' }];
    expect(decided('', { status: 'REJECTED', criteria })).toMatchObject({
      status: 'REJECTED',
      findings: [{ criterion: 'T1.1', problem: expect.stringContaining('nothing sums') }],
    });
  });
});

const ids = ['T1.1', 'T1.2', 'T1.3'];
const finding: fc.Arbitrary<Finding> = fc
  .record({
    severity: fc.constantFrom('blocker' as const, 'major' as const, 'minor' as const),
    problem: fc.constantFrom('It is wrong.', 'A name is unclear.'),
    fix: fc.constant(''),
    criterion: fc.option(fc.constantFrom(...ids, 'T9.9'), { nil: undefined }),
    file: fc.option(fc.constantFrom('a.js', 'gone.js'), { nil: undefined }),
    line: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
  })
  .map(({ criterion, file, line, ...rest }) => ({
    ...rest,
    ...(criterion === undefined ? {} : { criterion }),
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
  }));
const check: fc.Arbitrary<CheckFact> = fc.record({
  status: fc.constantFrom(
    'passed' as const,
    'passed' as const,
    'failed' as const,
    'skipped' as const,
    'error' as const,
  ),
  required: fc.boolean(),
  command: fc.constantFrom('parse', 'node --test'),
  output: fc.constant('said something'),
});
const evidence = fc.constantFrom('', '  ', '\n', 'a.js:3 returns the sum', 'node --test passed', 'it works');
const input: fc.Arbitrary<DecisionInput> = fc.record({
  verdict: fc.record({
    status: fc.constantFrom('APPROVED' as const, 'REJECTED' as const),
    criteria: fc.array(fc.record({ id: fc.constantFrom(...ids, 'T9.9'), met: fc.boolean(), evidence }), {
      maxLength: 5,
    }),
    findings: fc.array(finding, { maxLength: 4 }),
  }),
  criteria: fc.subarray(ids, { minLength: 1 }).map((chosen) => chosen.map((id) => ({ id, text: 'works' }))),
  checks: fc.array(check, { maxLength: 4 }),
  attempt: fc.integer({ min: 1, max: 3 }),
  files: fc.constant(new Map([['a.js', 10]])),
});

describe('whatever the reviewer says', () => {
  const always = (property: (input: DecisionInput, decision: ReturnType<typeof decide>) => void) =>
    fc.assert(
      fc.property(input, (given) => property(given, decide(given))),
      { numRuns: 5000 },
    );

  it('nothing is approved unless every criterion of the task is met, with evidence', () => {
    always(({ criteria }, decision) => {
      expect(decision.criteria.map(({ id }) => id)).toEqual(criteria.map(({ id }) => id));
      if (decision.status !== 'APPROVED') return;
      expect(decision.criteria.filter(({ met, evidence }) => !met || evidence.trim() === '')).toEqual([]);
    });
  });

  it('nothing is approved unless a required check passed on this snapshot and none did not', () => {
    always(({ checks }, { status }) => {
      if (status !== 'APPROVED') return;
      const required = checks.filter((fact) => fact.required);
      expect(required.length).toBeGreaterThan(0);
      expect(required.filter((fact) => fact.status !== 'passed')).toEqual([]);
    });
  });

  it('a result is taken from what was said: it never invents a criterion that is met', () => {
    always(({ verdict }, { criteria }) => {
      for (const { id, met, evidence } of criteria) {
        if (!met) continue;
        expect(verdict.criteria).toContainEqual({ id, met: true, evidence });
      }
    });
  });

  it('findings that point at nothing real are dropped', () => {
    always(({ criteria, files }, { findings }) => {
      for (const { criterion, file, line } of findings) {
        const named = criterion !== undefined && criteria.some(({ id }) => id === criterion);
        const placed = file !== undefined && line !== undefined && line <= (files.get(file) ?? 0);
        expect(named || placed).toBe(true);
      }
    });
  });

  it('a rejection with a serious finding that stands is never turned into an approval', () => {
    always(({ verdict }, { status, findings }) => {
      if (verdict.status === 'REJECTED' && findings.some(({ severity }) => severity !== 'minor'))
        expect(status).toBe('REJECTED');
    });
  });

  it('minor findings alone never reject after the first attempt what is met, proven and checked', () => {
    always(({ attempt, checks, verdict }, { status, findings, criteria }) => {
      const checked =
        checks.some(({ required }) => required) && checks.every((fact) => !fact.required || fact.status === 'passed');
      const proven = criteria.every(({ met, evidence }) => met && evidence.startsWith('a.js:3'));
      const minor = findings.every(({ severity }) => severity === 'minor');
      if (attempt > 1 && checked && proven && minor)
        expect([status, verdict.status]).toEqual(['APPROVED', verdict.status]);
    });
  });

  it('a rejection by the code says why, and leaves a finding to work on', () => {
    always(({ verdict, checks }, decision) => {
      if (decision.status !== 'REJECTED' || verdict.status !== 'APPROVED') return;
      expect(decision.decidedBy).toBeTruthy();
      if (checks.some(({ required }) => required)) expect(decision.findings.length).toBeGreaterThan(0);
    });
  });
});

it('a finding is the same across attempts when only numbers, quotes and white space differ', () => {
  const at = (problem: string): Finding => ({ severity: 'major', criterion: 'T1.1', file: 'a.js', problem, fix: '' });
  expect(findingHash(at('It took 12 ms,  not "5".'))).toBe(findingHash(at("it took 340 ms, not '7'.")));
  expect(findingHash(at('It is wrong.'))).not.toBe(findingHash(at('It is slow.')));
  expect(findingHash({ ...at('It is wrong.'), file: 'b.js' })).not.toBe(findingHash(at('It is wrong.')));
});
