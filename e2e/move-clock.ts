/**
 * Preloaded into a server (`--import`), so that its whole process lives later by CLOCK_AHEAD_MS milliseconds: the product, its
 * embedded database and its libraries alike. Nothing in the product knows about it.
 */
const aheadMs = Number(process.env.CLOCK_AHEAD_MS ?? 0);
const RealDate = Date;

const later = (): number => RealDate.now() + aheadMs;
const MovedDate: DateConstructor = new Proxy(RealDate, {
  construct: (target, values, asked) =>
    Reflect.construct(target, values.length === 0 ? [later()] : values, asked === MovedDate ? target : asked) as object,
  apply: () => new RealDate(later()).toString(),
  get: (target, name, receiver) => (name === 'now' ? later : Reflect.get(target, name, receiver)),
});
RealDate.prototype.constructor = MovedDate;
globalThis.Date = MovedDate;
