import { zodResolver } from '@hookform/resolvers/zod';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { type DefaultValues, useForm } from 'react-hook-form';
import type { z } from 'zod';

type Texts = Record<string, string>;

/** Texts as they are sent, amounts among them. */
const asWritten = (value: unknown) =>
  JSON.stringify(value, (_name, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));

/**
 * A form over texts that are saved elsewhere. It shows what others save since, but never over what a person is typing.
 * @param saved the texts as the server knows them now
 */
export function useSavedForm<Input extends Texts, Output>(schema: z.ZodType<Output, Input>, saved: Input) {
  const form = useForm<Input, unknown, Output>({
    resolver: zodResolver(schema),
    // DefaultValues of a record of texts is that record; the compiler cannot see so of a type parameter.
    defaultValues: saved as DefaultValues<Input>,
  });
  const { getValues, reset } = form;
  const shown = useRef(saved);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the page's script begins
  useEffect(() => {
    // Typed before: the form took it, and does not say that it is a change.
    if (asWritten(getValues()) !== asWritten(saved)) reset(saved, { keepValues: true });
  }, []);
  // Before the next key: what is typed while this waits would be lost.
  useLayoutEffect(() => {
    if (asWritten(saved) === asWritten(shown.current)) return;
    const typed = getValues();
    // What says the same as what is saved was saved by this form.
    const isUntouched =
      asWritten(typed) === asWritten(shown.current) ||
      asWritten(schema.safeParse(typed).data) === asWritten(schema.safeParse(saved).data);
    shown.current = saved;
    reset(saved, { keepValues: !isUntouched });
  });
  return form;
}
