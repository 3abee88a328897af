import type { Outputs } from '@/components/trpc/types';

export type Account = Outputs['operator']['accounts']['accounts'][number];
export type Model = Outputs['operator']['models'][number];
