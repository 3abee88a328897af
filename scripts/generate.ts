/** `npm run db:generate` */
import { generateClient } from './build-inputs';

generateClient();
