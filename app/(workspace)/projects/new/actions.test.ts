import { describe, expect, it } from 'vitest';
import { acceptInvitation } from '@/app/(auth)/invite/[token]/accept-invitation';
import { createProject } from './create-project';

/** The browser's code is public: anyone can call an action, with anything. */
describe('an action', () => {
  it.each([undefined, null, 'text', 5, [], {}, { get: 'title' }, [['title', 'x']]])(
    'says that %o is not valid',
    async (sent) => {
      const invalid = 'What was sent is not valid. Check it and try again.';
      expect(await createProject({ message: null, fields: {} }, sent)).toEqual({ message: invalid, fields: {} });
      expect(await acceptInvitation(sent)).toBe(invalid);
    },
  );
});
