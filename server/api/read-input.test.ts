import type { TRPCError } from '@trpc/server';
import superjson from 'superjson';
import { describe, expect, it } from 'vitest';
import { readInput } from './read-input';

/** As it comes over the wire: after JSON, which alone can make an own `__proto__`. */
const wire = (json: unknown, meta: object) => JSON.parse(JSON.stringify({ json, meta: { v: 1, ...meta } }));
const LEVELS = Array.from({ length: 28 }, (_, i) => i);

describe('marks of superjson', () => {
  it.each([
    ['a list out of a number', wire(3e8, { values: [['typed-array', 'Float64Array']] })],
    ['a list as long as an index', wire({ tasks: [] }, { values: { 'tasks.4294967294': ['undefined'] } })],
    ['the length of a list', wire({ tasks: [] }, { values: { 'tasks.length': ['undefined'] } })],
    ['a value of a text', wire({ a: 'text' }, { values: { 'a.0': ['undefined'] } })],
    ['a prototype', wire({}, { values: { '__proto__.polluted': ['undefined'] } })],
    ['a value that is not there', wire({}, { values: { 'a.b': ['bigint'] } })],
    ['an expression', wire({ a: '/(a+)+$/' }, { values: { a: ['regexp'] } })],
    ['an error', wire({ a: {} }, { values: { a: ['Error'] } })],
    ['a map', wire({ a: [] }, { values: { a: ['map'] } })],
    ['a set with something in it', wire({ a: [1] }, { values: { a: ['set', { '0': ['undefined'] }] } })],
    ['a whole number that is none', wire({ a: 'x' }, { values: { a: ['bigint'] } })],
    ['a whole number without an end', wire({ a: '9'.repeat(900_000) }, { values: { a: ['bigint'] } })],
    ['no marks at all', { json: {}, meta: 'x' }],
    ['no envelope', 'text'],
  ])('are refused at once where no input needs them: %s', (_name, sent) => {
    const from = performance.now();
    expect(() => readInput(sent)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }) as TRPCError);
    expect(performance.now() - from).toBeLessThan(500);
  });

  it('never make an object hold itself, nor shared ones that take for ever to walk', () => {
    expect(readInput(wire({ a: {} }, { referentialEqualities: { a: ['a.a'] } }))).toEqual({ a: {} });
    expect(readInput(wire({ a: {} }, { referentialEqualities: [['a']] }))).toEqual({ a: {} });
    const apart = Object.fromEntries(LEVELS.map((level) => [`l${level}`, {}]));
    const shared = Object.fromEntries(
      LEVELS.slice(1).map((level) => [`l${level}`, [`l${level - 1}.a`, `l${level - 1}.b`]]),
    );
    expect(readInput(wire(apart, { referentialEqualities: shared }))).toEqual(apart);
  });

  it('bring what JSON lacks: whole numbers and undefined', () => {
    const input = { 'a.b': { 'c\\d': 5n, list: [1n, undefined, { x: -2n }] }, plain: 'text' };
    const twice = { id: 'same' };
    for (const value of [-12n, undefined, null, 'text', input, { a: twice, b: twice }])
      expect(readInput(JSON.parse(superjson.stringify(value)))).toEqual(value);
  });
});
