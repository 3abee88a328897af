import 'server-only';
import { TRPCError } from '@trpc/server';
import superjson, { type SuperJSONResult } from 'superjson';

/** Levels of lists and objects in one another that input may have; the deepest real one, an edited plan, has six. */
const MAX_DEPTH = 64;

/** What a client sent, after JSON. Reading goes down level by level, which a million levels would end by a full stack. */
export function readInput(sent: SuperJSONResult): unknown {
  let level: unknown[] = [sent];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw new TRPCError({ code: 'BAD_REQUEST', message: 'The input is nested too deeply.' });
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return superjson.deserialize(sent);
}
