import { expect, it } from 'vitest';
import { decide } from './review-decision';

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
  const input = { verdict, criteria: [{ id: 'T1.1', text: 'works' }], attempt: 1, files: new Map() };
  expect(decide({ ...input, checks: [passed] }).status).toBe('APPROVED');
  expect(decide({ ...input, checks: [] }).status).toBe('REJECTED');
  expect(decide({ ...input, checks: [{ ...passed, status: 'failed' }] }).status).toBe('REJECTED');
});
