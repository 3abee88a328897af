import 'server-only';
import { initTRPC, TRPCError } from '@trpc/server';
import { getHTTPStatusCodeFromError } from '@trpc/server/http';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import superjson from 'superjson';
import { ZodError, z } from 'zod';
import type { MembershipRole } from '@/prisma/generated/enums';
import { confirmOrganization } from '@/server/organizations/confirm-organization';
import { goneError } from '@/server/organizations/gone-error';
import { env } from '@/server/platform/env';
import { AppError, isAppError, notFound, sentenceFor, statusOf } from '@/server/platform/errors';
import { newId } from '@/server/platform/ids';
import { logger } from '@/server/platform/logger';
import { unstorablePath } from '@/server/platform/plain-text';
import { readInput } from './read-input';

/** The signed-in person and the organization they act for. */
export interface Caller {
  userId: string;
  email: string;
  organizationId: string;
  role: MembershipRole;
  /** Whether the session this caller came with is still there; without it the caller has none (jobs, tests). */
  signedIn?: () => Promise<boolean>;
}

export interface ApiContext {
  requestId: string;
  /** Null when nobody is signed in. */
  caller: Caller | null;
  /** The organization on the page that asks; absent or null where no page does. */
  shownOrganization?: string | null;
  /** Set when a stream was refused before it opened: tRPC tells the stream's reader, this the answer's status. */
  streamRefusal?: AppError;
}

/** tRPC's name for each HTTP status: its own table, turned round, so that `platform/errors.ts` stays the only one of ours. */
const TRPC_CODE = new Map(
  (Object.keys(TRPC_ERROR_CODES_BY_KEY) as TRPCError['code'][]).map((code) => [
    getHTTPStatusCodeFromError(new TRPCError({ code })),
    code,
  ]),
);

function transportError(cause: AppError): TRPCError {
  const code = TRPC_CODE.get(statusOf(cause.code));
  if (code === undefined) throw new Error(`tRPC has no code for the status of ${cause.code}`);
  return new TRPCError({ code, message: cause.userMessage, cause });
}

const t = initTRPC.context<ApiContext>().create({
  transformer: { input: { serialize: superjson.serialize, deserialize: readInput }, output: superjson },
  sse: { ping: { enabled: true, intervalMs: 10_000 }, client: { reconnectAfterInactivityMs: 30_000 } },
  errorFormatter({ shape, error, ctx }) {
    const cause = error.cause;
    return {
      ...shape,
      message: refusalSentence(error),
      data: {
        ...shape.data,
        stack: undefined,
        requestId: ctx?.requestId ?? null,
        appCode: isAppError(cause) ? cause.code : null,
        details: isAppError(cause) ? cause.details : null,
        fields: cause instanceof ZodError ? z.flattenError(cause).fieldErrors : null,
      },
    };
  },
});

/** What a person reads of a failed call. What is neither a refusal of ours nor a wrong field is tRPC's own, for programmers. */
export function refusalSentence({ cause, code }: TRPCError): string {
  if (isAppError(cause)) return cause.userMessage;
  if (cause instanceof ZodError) return firstIssue(cause);
  return sentenceFor(
    code === 'INTERNAL_SERVER_ERROR' ? 'internal' : code === 'NOT_FOUND' ? 'not_found' : 'invalid_input',
  );
}

/** One sentence about the first field that is wrong; all of them are in `fields`. */
function firstIssue({ issues }: ZodError): string {
  const [issue] = issues;
  if (issue === undefined) return sentenceFor('invalid_input');
  const path = issue.path.join('.');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}

export const router = t.router;
export const createCaller = t.createCallerFactory;

/** Maps domain errors to transport errors once and logs each failure by its severity. */
const mapped = t.middleware(async ({ ctx, next, path, type }) => {
  const result = await next();
  if (result.ok) return result;
  const cause = goneError(result.error.cause) ?? result.error.cause;
  const fields = { requestId: ctx.requestId, path, type, organizationId: ctx.caller?.organizationId };
  if (isAppError(cause)) {
    logger().info({ ...fields, code: cause.code, reason: cause.message }, 'request refused');
    if (type === 'subscription') ctx.streamRefusal = cause;
    throw transportError(cause);
  }
  if (result.error.code === 'INTERNAL_SERVER_ERROR')
    logger().error({ ...fields, err: cause ?? result.error }, 'request failed');
  else logger().info({ ...fields, code: result.error.code }, 'request refused');
  return result;
});

/** Postgres stores no NUL and no lone surrogate: refused for every input there is. */
const storable = t.middleware(async ({ getRawInput, next }) => {
  const field = unstorablePath(await getRawInput());
  if (field !== null) {
    throw new AppError('invalid_input', `${field || 'the input'} holds characters that cannot be stored`, {
      userMessage: `${field || 'The input'} holds characters that cannot be stored (NUL or broken Unicode). Remove them and try again.`,
      details: { field },
    });
  }
  return next();
});

const anyone = t.procedure.use(mapped);
/** The caller is looked at before their input: what strangers send is not read. */
const member = anyone.use(async ({ ctx, next }) => {
  if (ctx.caller === null) throw new AppError('unauthenticated', 'nobody is signed in');
  await confirmOrganization(ctx.caller, ctx.shownOrganization ?? null);
  return next({ ctx: { ...ctx, caller: ctx.caller } });
});

const refuse = (message: string) => new AppError('forbidden', message, { userMessage: message });

/** Anyone. */
export const publicProcedure = anyone.use(storable);

/** A signed-in person acting for one of their organizations, which is the one their page shows; `ctx.caller` is set. */
export const memberProcedure = member.use(storable);

/** Admins and owners: members and budgets. */
export const adminProcedure = member
  .use(({ ctx, next }) => {
    if (ctx.caller.role === 'member') throw refuse('Only an owner or an admin of this organization may do that.');
    return next();
  })
  .use(storable);

/** Owners: billing, keys, and everything that cannot be undone. */
export const ownerProcedure = member
  .use(({ ctx, next }) => {
    if (ctx.caller.role !== 'owner') throw refuse('Only an owner of this organization may do that.');
    return next();
  })
  .use(storable);

/** People named in OPERATOR_EMAILS run this instance; to others these procedures do not exist. */
export const operatorProcedure = member
  .use(({ ctx, next }) => {
    if (!isOperator(ctx.caller.email)) throw notFound('Page');
    return next();
  })
  .use(storable);

export function isOperator(email: string): boolean {
  return env().OPERATOR_EMAILS.some((operator) => operator.toLowerCase() === email.toLowerCase());
}

export function newRequestId(): string {
  return newId();
}
