import type { ComponentProps } from 'react';
import { cn } from './cn';

const box =
  'w-full rounded-md border border-input bg-card px-2.5 text-foreground placeholder:text-muted-foreground transition-colors focus-visible:outline-2 focus-visible:outline-ring focus-visible:-outline-offset-1 disabled:opacity-60 aria-invalid:border-danger';

export function Input({ className, ...props }: ComponentProps<'input'>) {
  return <input className={cn(box, 'h-9', className)} {...props} />;
}

export function Textarea({ className, ...props }: ComponentProps<'textarea'>) {
  return (
    <textarea
      className={cn(box, 'block field-sizing-content max-h-80 min-h-20 resize-y py-2 leading-relaxed', className)}
      {...props}
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
