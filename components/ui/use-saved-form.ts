import { zodResolver } from '@hookform/resolvers/zod';
import { useEffect, useRef } from 'react';
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
  const shown = useRef<Input | null>(null);
  useEffect(() => {
    const before = shown.current;
    if (before !== null && asWritten(saved) === asWritten(before)) return;
    shown.current = saved;
    const typed = getValues();
    const isShown = asWritten(typed) === asWritten(before ?? saved);
    // Typed before the page's script ran: the form must know that it is a change.
    if (before === null) return isShown ? undefined : reset(saved, { keepValues: true });
    // What says the same as what is saved was saved by this form.
    const isSaved = asWritten(schema.safeParse(typed).data) === asWritten(schema.safeParse(saved).data);
    reset(saved, { keepValues: !isShown && !isSaved });
  });
  return form;
}
