/** The frame of the pages that this server hosts. */

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 34rem; padding: 2rem 1rem; }
header { border-bottom: 2px solid; margin-bottom: 1.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid; padding: .4rem 0; text-align: left; }
td.amount, th.amount { font-variant-numeric: tabular-nums; text-align: right; }
form { display: grid; gap: .75rem; margin-top: 1.5rem; }
button, input { border: 1px solid; border-radius: .4rem; font: inherit; min-height: 2.75rem; padding: .4rem .75rem; }
[role=alert] { border: 2px solid; border-radius: .4rem; padding: .5rem .75rem; }
`;

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** `body` is HTML already; `title` is text. */
export function htmlDocument(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} - Fake Stripe - test</title>
<style>${STYLE}</style>
</head>
<body>
<header><p>Fake Stripe - test</p></header>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

export interface PageAnswer {
  status: number;
  html: string;
  /** Where to go instead. */
  location?: string;
}

/** `amount` in cents. */
export function money(amount: number, currency: string): string {
  const sign = amount < 0 ? '-' : '';
  return `${sign}${(Math.abs(amount) / 100).toFixed(2)} ${currency.toUpperCase()}`;
}

/** The day of a time in Unix seconds. */
export function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
