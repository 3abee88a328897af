'use client';
import { useReloadWhenBack } from '@/components/shell/use-reload-when-back';

/** The last resort, when even the root layout failed: it brings its own look. */
export default function GlobalError({ retry }: { error: Error & { digest?: string }; retry: () => void }) {
  useReloadWhenBack();
  return (
    <html lang="en">
      <body
        style={{
          fontFamily: 'system-ui, sans-serif',
          display: 'grid',
          placeItems: 'center',
          minHeight: '100dvh',
          margin: 0,
          // The system's own colours follow its light or dark scheme.
          colorScheme: 'light dark',
          background: 'Canvas',
          color: 'CanvasText',
        }}
      >
        <main style={{ textAlign: 'center', padding: 24 }}>
          <h1 style={{ fontSize: 18 }}>Plumbline could not be shown</h1>
          <p style={{ margin: '8px 0 16px' }}>Your work is safe: runs go on by themselves.</p>
          <button
            type="button"
            onClick={() => retry()}
            style={{
              padding: '8px 16px',
              font: 'inherit',
              border: '1px solid currentColor',
              borderRadius: 6,
              background: 'Canvas',
              color: 'CanvasText',
              cursor: 'pointer',
            }}
          >
            Try again
          </button>
        </main>
      </body>
    </html>
  );
}
