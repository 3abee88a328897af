import type { Metadata, Viewport } from 'next';
import { headers } from 'next/headers';
import type { ReactNode } from 'react';
import { ComposingKeys } from '@/components/shell/composing-keys';
import { ThemeProvider } from '@/components/shell/theme-provider';
import { NONCE } from '@/server/api/http/page-policy';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'Plumbline: describe it, approve the plan, pay for verified work', template: '%s · Plumbline' },
  description:
    'Describe a software project, approve a plan with a quote, and pay only for work that passed its checks and its review.',
  icons: { icon: '/icon.svg' },
};

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f8fafb' },
    { media: '(prefers-color-scheme: dark)', color: '#0f1419' },
  ],
};

export default async function RootLayout({ children }: { children: ReactNode }) {
  const nonce = (await headers()).get(NONCE) ?? '';
  // next-themes writes the class before React looks.
  return (
    <html lang="en" suppressHydrationWarning>
      <body>
        <ComposingKeys />
        <ThemeProvider nonce={nonce}>{children}</ThemeProvider>
      </body>
    </html>
  );
}
