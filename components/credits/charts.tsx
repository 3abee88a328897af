'use client';
/** The drawn part of the report. Loaded on its own, only where charts are looked at. */
import { useId } from 'react';
import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import { formatCredits, MICRO } from '@/server/credits/schema';
import type { DayBar, TaskBar } from './chart-data';

const HEIGHT = 180;
const TICK = { fill: 'var(--muted-foreground)', fontSize: 11 } as const;
const LINE = 'var(--border)';
const MARGIN = { top: 4, right: 8, bottom: 0, left: 0 } as const;
const TOOLTIP = {
  contentStyle: {
    background: 'var(--popover)',
    border: '1px solid var(--border)',
    borderRadius: 5,
    fontSize: 12,
    padding: '4px 8px',
  },
  labelStyle: { color: 'var(--popover-foreground)', fontWeight: 500 },
  itemStyle: { color: 'var(--popover-foreground)', padding: 0 },
  cursor: { fill: 'var(--accent)' },
  isAnimationActive: false,
} as const;

/** A drawn number back in the words of the page. */
function inCredits(value: unknown): string {
  return typeof value === 'number' ? `${formatCredits(BigInt(Math.round(value * Number(MICRO))))} cr` : '';
}

/** Hatching, for what colour alone would have to tell apart. */
function Hatch({ id, colour }: { id: string; colour: string }) {
  return (
    <defs>
      <pattern id={id} width="5" height="5" patternTransform="rotate(45)" patternUnits="userSpaceOnUse">
        <rect width="5" height="5" fill={colour} fillOpacity={0.25} />
        <rect width="2" height="5" fill={colour} />
      </pattern>
    </defs>
  );
}

export function DayChart({ bars, pick, name }: { bars: DayBar[]; pick: 'used' | 'absorbed'; name: string }) {
  const hatch = useId();
  return (
    <ResponsiveContainer width="100%" height={HEIGHT}>
      <BarChart data={bars} margin={MARGIN} accessibilityLayer={false}>
        <Hatch id={hatch} colour="var(--brass-mark)" />
        <CartesianGrid vertical={false} stroke={LINE} />
        <XAxis dataKey="day" tick={TICK} tickLine={false} axisLine={{ stroke: LINE }} minTickGap={24} />
        <YAxis tick={TICK} tickLine={false} axisLine={false} width={44} />
        <Tooltip {...TOOLTIP} formatter={inCredits} />
        <Bar
          dataKey={pick}
          name={name}
          fill={pick === 'used' ? 'var(--chalk)' : `url(#${hatch})`}
          radius={[2, 2, 0, 0]}
          isAnimationActive={false}
        />
      </BarChart>
    </ResponsiveContainer>
  );
}

export interface RowBar {
  name: string;
  used: number;
}

export function RowChart({ bars }: { bars: RowBar[] }) {
  return (
    <ResponsiveContainer width="100%" height={Math.max(bars.length * 34 + 28, 96)}>
      <BarChart data={bars} layout="vertical" margin={MARGIN} accessibilityLayer={false}>
        <CartesianGrid horizontal={false} stroke={LINE} />
        <XAxis type="number" tick={TICK} tickLine={false} axisLine={false} />
        <YAxis
          type="category"
          dataKey="name"
          tick={TICK}
          tickLine={false}
          axisLine={{ stroke: LINE }}
          width={112}
          tickFormatter={(name: string) => (name.length > 17 ? `${name.slice(0, 16)}…` : name)}
        />
        <Tooltip {...TOOLTIP} formatter={inCredits} />
        <Bar
          dataKey="used"
          name="Used"
          fill="var(--chalk)"
          radius={[0, 2, 2, 0]}
          maxBarSize={18}
          isAnimationActive={false}
        />
      </BarChart>
    </ResponsiveContainer>
  );
}

export function TaskChart({ bars }: { bars: TaskBar[] }) {
  const hatch = useId();
  return (
    <ResponsiveContainer width="100%" height={HEIGHT}>
      <BarChart data={bars} margin={MARGIN} barGap={1} accessibilityLayer={false}>
        <Hatch id={hatch} colour="var(--muted-foreground)" />
        <CartesianGrid vertical={false} stroke={LINE} />
        <XAxis
          dataKey="name"
          tick={TICK}
          tickLine={false}
          axisLine={{ stroke: LINE }}
          tickFormatter={(name: string) => (name.length > 12 ? `${name.slice(0, 11)}…` : name)}
        />
        <YAxis tick={TICK} tickLine={false} axisLine={false} width={44} />
        <Tooltip {...TOOLTIP} formatter={inCredits} />
        <Bar
          dataKey="quoted"
          name="Quoted, at most"
          fill={`url(#${hatch})`}
          maxBarSize={22}
          isAnimationActive={false}
        />
        <Bar dataKey="charged" name="Charged" fill="var(--chalk)" maxBarSize={22} isAnimationActive={false} />
      </BarChart>
    </ResponsiveContainer>
  );
}
