/** The mark: a line that hangs true, and its bob. Decorative; the word beside it is the name. */
export function PlumbMark({ className, swing = false }: { className?: string; swing?: boolean }) {
  return (
    <svg viewBox="0 0 20 36" fill="none" aria-hidden="true" className={className}>
      <path d="M4 1.5h12" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
      <g className={swing ? 'animate-plumb' : undefined}>
        <path d="M10 1.5v17" stroke="currentColor" strokeWidth="1.25" />
        <path
          d="M7.5 18h5l2.6 4.2L10 34.5 4.9 22.2z"
          fill="var(--brass-mark)"
          stroke="currentColor"
          strokeWidth="1.25"
          strokeLinejoin="round"
        />
        <path d="M4.9 22.2h10.2" stroke="currentColor" strokeWidth="1.25" />
      </g>
    </svg>
  );
}

export function Wordmark() {
  return (
    <span className="inline-flex items-center gap-2">
      <PlumbMark className="h-6 w-3.5" />
      <span className="text-[0.9375rem] font-semibold tracking-tight">Plumbline</span>
    </span>
  );
}
