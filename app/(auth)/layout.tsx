import Link from 'next/link';
import type { ReactNode } from 'react';

export default function AuthLayout({ children }: { children: ReactNode }) {
  return (
    <div className="flex min-h-dvh flex-col items-center justify-center gap-6 px-4 py-10">
      <header>
        <Link href="/" className="text-lg font-semibold tracking-tight">
          Plumbline
        </Link>
      </header>
      <main className="w-full max-w-md rounded-lg border border-border bg-card p-6 shadow-sm">{children}</main>
    </div>
  );
}
