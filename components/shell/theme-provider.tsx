'use client';
import { ThemeProvider as Provider } from 'next-themes';
import type { ReactNode } from 'react';

/** `nonce`: of this page's scripts, for the one that sets the theme before anything is drawn. */
export function ThemeProvider({ nonce, children }: { nonce: string; children: ReactNode }) {
  return (
    <Provider nonce={nonce} attribute="class" defaultTheme="system" enableSystem disableTransitionOnChange>
      {children}
    </Provider>
  );
}
