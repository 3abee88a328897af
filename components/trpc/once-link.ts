import type { OperationResultEnvelope, TRPCClientError, TRPCLink } from '@trpc/client';
import { type Observable, observable, share } from '@trpc/server/observable';
import superjson from 'superjson';
import type { AppRouter } from '@/server/api/root';

type Failure = TRPCClientError<AppRouter>;
type Answer = Observable<OperationResultEnvelope<unknown, Failure>, Failure>;

/**
 * Makes a change once, however often it is asked for while it is under way: two Enters, two clicks, two forms. Every caller
 * gets the one answer. Another input, or the same one after the answer, is another change.
 */
export const onceLink: TRPCLink<AppRouter> = () => {
  const underWay = new Map<string, Answer>();
  return ({ op, next }) => {
    if (op.type !== 'mutation') return next(op);
    const key = `${op.path} ${superjson.stringify(op.input)}`;
    const known = underWay.get(key);
    if (known !== undefined) return known;
    const request: Answer = observable((observer) => {
      const { unsubscribe } = next(op).subscribe({
        next: (value) => observer.next(value),
        error: (error) => {
          underWay.delete(key);
          observer.error(error);
        },
        complete: () => {
          underWay.delete(key);
          observer.complete();
        },
      });
      return () => {
        underWay.delete(key);
        unsubscribe();
      };
    });
    const answer = request.pipe(share());
    underWay.set(key, answer);
    return answer;
  };
};
