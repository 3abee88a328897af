/** Projects as the browser and the server speak of them. */
import { z } from 'zod';

export const projectTitleSchema = z.object({
  title: z.string().trim().min(1, 'Write a title.').max(120, 'A title has at most 120 characters.'),
});
