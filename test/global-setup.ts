import { generateClient } from '@/scripts/build-inputs';
import { writeMiniLm } from '@/scripts/local-model/write-minilm';

/** A single test file runs in a fresh clone too: what tests read is made first. */
export default async function makeInputs(): Promise<void> {
  generateClient();
  await writeMiniLm();
}
