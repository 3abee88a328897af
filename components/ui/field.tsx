'use client';
import { type ComponentProps, type Ref, useEffect, useMemo, useRef } from 'react';
import { cn } from './cn';

const box =
  'w-full rounded-md border border-input bg-card px-2.5 text-foreground placeholder:text-muted-foreground transition-colors focus-visible:outline-2 focus-visible:outline-ring focus-visible:-outline-offset-1 disabled:opacity-60 aria-invalid:border-danger';

type TextField = HTMLInputElement | HTMLTextAreaElement;

/** Types a text into a field as a person would. React hears of a value only when it is not the one it knows. */
function type(field: TextField, text: string): void {
  field.value = '';
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value')?.set?.call(field, text);
  field.dispatchEvent(new Event('input', { bubbles: true }));
}

/**
 * A page can be typed into before its script runs. No form has heard of such a text, and some would replace it: it is typed
 * once more when the script is there. What a browser fills in itself after a reload is not taken for typed.
 * @returns the ref for the field
 */
function useTypedEarly<Field extends TextField>(ref: Ref<Field> | undefined): (field: Field | null) => void {
  const early = useRef<{ field: Field; text: string } | null | undefined>(undefined);
  useEffect(() => {
    // After the effects of the form around it, which must be ready to hear it.
    const timer = setTimeout(() => {
      if (early.current) type(early.current.field, early.current.text);
      early.current = null;
    });
    return () => clearTimeout(timer);
  }, []);
  return useMemo(
    () => (field) => {
      if (field !== null && early.current === undefined) {
        const isTyped = field.value !== field.defaultValue && field === document.activeElement;
        early.current = isTyped ? { field, text: field.value } : null;
      }
      if (typeof ref === 'function') return ref(field);
      if (ref) ref.current = field;
    },
    [ref],
  );
}

export function Input({ className, ref, ...props }: ComponentProps<'input'>) {
  return <input className={cn(box, 'h-9', className)} {...props} ref={useTypedEarly(ref)} />;
}

export function Textarea({ className, ref, ...props }: ComponentProps<'textarea'>) {
  return (
    <textarea
      className={cn(box, 'block field-sizing-content max-h-80 min-h-20 resize-y py-2 leading-relaxed', className)}
      {...props}
      ref={useTypedEarly(ref)}
    />
  );
}

export function Select({ className, ...props }: ComponentProps<'select'>) {
  return <select className={cn(box, 'h-9 pr-8', className)} {...props} />;
}

export function Label({ className, htmlFor, children, ...props }: ComponentProps<'label'> & { htmlFor: string }) {
  return (
    <label htmlFor={htmlFor} className={cn('text-[0.8125rem] font-medium', className)} {...props}>
      {children}
    </label>
  );
}

/** What is wrong with a field; connect by `aria-describedby`. */
export function FieldError({ id, children }: { id: string; children: string | undefined }) {
  if (children === undefined || children === '') return null;
  return (
    <p id={id} role="alert" className="text-[0.8125rem] text-danger">
      {children}
    </p>
  );
}
