'use client';
export { PartError as default } from '@/components/shell/page-error';
