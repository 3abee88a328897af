'use client';
import { Callout } from '@/components/ui/callout';
import { Cell, DataTable } from '@/components/ui/data-table';
import { formatDateTime } from '@/components/ui/format';
import { type AddPrice, dollars, nanoDollars } from '@/server/models/catalogue/schema-operator';
import { isLargeChange, priceEffect } from './amounts';

export const PRICE_FIELDS = [
  { name: 'input', label: 'Input' },
  { name: 'cached', label: 'Cached input' },
  { name: 'output', label: 'Output' },
] as const;

/** Dollars a million tokens, as text. */
export type PriceText = Record<(typeof PRICE_FIELDS)[number]['name'], string>;

const COLUMNS = [
  { name: 'USD a million tokens' },
  { name: 'Before', numeric: true },
  { name: 'New', numeric: true },
] as const;

/** Which model, from when, and the old price beside the new one. */
export function PriceChange({
  modelRef,
  before,
  wish,
  until,
}: {
  modelRef: string;
  /** The price it follows; null: the model has none then. */
  before: PriceText | null;
  wish: AddPrice;
  /** When a row that is planned already takes over; null: none is. */
  until: Date | null;
}) {
  const far = PRICE_FIELDS.filter(
    ({ name }) => before !== null && isLargeChange(nanoDollars(before[name]), nanoDollars(wish[name])),
  );
  const from = wish.effectiveFrom === undefined ? null : new Date(wish.effectiveFrom);
  const effect = priceEffect(from, until, new Date());
  const terms = [
    { name: 'Model', text: <span className="font-mono break-all">{modelRef}</span> },
    {
      name: 'From',
      text: from === null ? 'At once' : `${formatDateTime(from)} UTC`,
    },
    ...(until === null
      ? []
      : [{ name: 'Until', text: `${formatDateTime(until)} UTC, when the price planned for then takes over` }]),
    { name: 'Changes', text: effect },
  ];
  return (
    <div className="space-y-3">
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-[0.8125rem]">
        {terms.map(({ name, text }) => (
          <div key={name} className="contents">
            <dt className="text-muted-foreground">{name}</dt>
            <dd className={name === 'From' ? 'font-medium' : ''}>{text}</dd>
          </div>
        ))}
      </dl>
      <DataTable label="Old and new price" columns={COLUMNS}>
        {PRICE_FIELDS.map(({ name, label }) => {
          const next = dollars(nanoDollars(wish[name]));
          return (
            <tr key={name}>
              <Cell>{label}</Cell>
              <Cell numeric className="text-muted-foreground">
                {before === null ? 'none' : before[name]}
              </Cell>
              <Cell numeric className={next === before?.[name] ? '' : 'font-semibold'}>
                {next}
                {next === before?.[name] ? <span className="sr-only"> (unchanged)</span> : null}
              </Cell>
            </tr>
          );
        })}
      </DataTable>
      {far.length === 0 ? null : (
        <Callout tone="warning" title="Is the decimal point where it should be?">
          {far.map(({ label }) => label).join(' and ')}: at least ten times more or less than before.
        </Callout>
      )}
    </div>
  );
}
