import 'server-only';
import PostalMime, { type Email } from 'postal-mime';
import { SMTPServer } from 'smtp-server';

export interface Postbox {
  /** For `SMTP_URL`. */
  url: string;
  /** Stops taking letters. @returns those that came, oldest first */
  close(): Promise<Email[]>;
}

/** A real SMTP server on loopback that keeps what it is given. */
export async function openPostbox(): Promise<Postbox> {
  const letters: Buffer[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        letters.push(Buffer.concat(chunks));
        done();
      });
    },
  });
  const port = await new Promise<number>((resolve) => {
    const listening = server.listen(0, '127.0.0.1', () => {
      const address = listening.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  return {
    url: `smtp://127.0.0.1:${port}`,
    close: async () => {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      return Promise.all(letters.map((letter) => PostalMime.parse(letter)));
    },
  };
}
