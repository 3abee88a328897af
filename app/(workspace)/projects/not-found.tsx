import { NoSuchProject } from '@/components/project/no-such-project';

export default function ProjectNotFound() {
  return (
    <main id="content" className="mx-auto w-full max-w-2xl p-6">
      <NoSuchProject />
    </main>
  );
}
