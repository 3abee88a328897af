import type { Metadata } from 'next';
import { SettingsPanel } from '@/components/project/settings-panel';

export const metadata: Metadata = { title: 'Project settings' };

export default function SettingsPage() {
  return <SettingsPanel />;
}
