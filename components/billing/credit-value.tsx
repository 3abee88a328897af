import { Badge } from '@/components/ui/badge';
import { Cell, DataTable } from '@/components/ui/data-table';
import { formatUsd } from '@/server/billing/schema';
import { formatCredits } from '@/server/credits/schema';
import type { Pricing } from './change-terms';

const PACKAGE_COLUMNS = [
  { name: 'Package' },
  { name: 'Credits', numeric: true },
  { name: 'Per credit', numeric: true },
  { name: 'Price', numeric: true },
];

/** Packages with what one credit costs in each. */
export function PackageTable({ packages }: { packages: Pricing['packages'] }) {
  return (
    <DataTable label="Packages" columns={PACKAGE_COLUMNS}>
      {packages.map((offer) => (
        <tr key={offer.id}>
          <Cell>
            <span className="font-medium">{offer.name}</span>
            {offer.popular ? (
              <Badge tone="chalk" className="ml-2">
                popular
              </Badge>
            ) : null}
          </Cell>
          <Cell numeric>{formatCredits(offer.creditsMicro)}</Cell>
          <Cell numeric>{offer.centsPerCredit} ¢</Cell>
          <Cell numeric>{formatUsd(offer.priceUsdCents)}</Cell>
        </tr>
      ))}
    </DataTable>
  );
}

const MODEL_COLUMNS = [
  { name: 'Model' },
  { name: 'Quality', wide: true },
  { name: 'Tokens read', numeric: true },
  { name: 'Tokens written', numeric: true },
];

/** How far one credit goes with each model, at today's price. */
export function ModelTable({ pricing }: { pricing: Pricing }) {
  const levels = pricing.qualities;
  const rank = (quality: string) => levels.findIndex(({ id }) => id === quality);
  const name = (quality: string) => levels.find(({ id }) => id === quality)?.name ?? quality;
  const models = [...pricing.models].sort((a, b) => rank(a.quality) - rank(b.quality));
  return (
    <DataTable label="What one credit buys, by model" columns={MODEL_COLUMNS}>
      {models.map((model) => (
        <tr key={model.ref}>
          <Cell>
            <span className="font-medium">{model.label}</span>
            <span className="block text-[0.75rem] text-muted-foreground sm:hidden">{name(model.quality)}</span>
          </Cell>
          <Cell wide>{name(model.quality)}</Cell>
          <Cell numeric>{tokens(model.inputTokensPerCredit)}</Cell>
          <Cell numeric>{tokens(model.outputTokensPerCredit)}</Cell>
        </tr>
      ))}
    </DataTable>
  );
}

function tokens(count: number | null): string {
  return count === null ? 'free' : count.toLocaleString('en-US');
}
