/** `npm run build:inputs`: what the product reads that is made on this machine: the Prisma client and the local embedding model. */
import { generateClient } from './build-inputs';

generateClient();
// Later than the client: the model's folder is named by a module of the server.
const { writeMiniLm } = await import('./local-model/write-minilm');
await writeMiniLm();
