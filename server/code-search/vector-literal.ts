import 'server-only';

/**
 * pgvector's text form. Seven significant digits are what a 32-bit float holds. Vectors travel as text and are cast in
 * the statement: neither adapter knows the type.
 */
export function vectorLiteral(vector: Float32Array): string {
  return `[${Array.from(vector, (value) => value.toPrecision(7)).join(',')}]`;
}
