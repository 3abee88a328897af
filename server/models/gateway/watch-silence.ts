import 'server-only';
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { env } from '@/server/platform/env';

interface SilenceWatch {
  /** Aborts when the provider has been silent for too long. */
  signal: AbortSignal;
  /** Sends requests, and hears each byte that comes back: comments and pings are signs of life. */
  fetch: typeof fetch;
  /** A part of the answer came. A model that thinks is not silent, whatever it sends while it does. */
  heard(part: LanguageModelV4StreamPart): void;
  /** Whether the last thing sent was the `[DONE]` of server-sent chat completions. */
  saidDone(): boolean;
  end(): void;
}

/**
 * Hears whether a provider still lives: `MODEL_FIRST_CHUNK_MS` until the first byte, `MODEL_CHUNK_MS` between two. A model that
 * reasons has neither limit: it may be silent until `MODEL_TIMEOUT_MS`.
 */
export function watchSilence({ reasons }: { reasons: boolean }): SilenceWatch {
  const abort = new AbortController();
  let thinks = reasons;
  let timer: NodeJS.Timeout | undefined;
  let tail = '';
  const within = (milliseconds: number) => {
    clearTimeout(timer);
    if (!thinks) timer = setTimeout(() => abort.abort(), milliseconds);
  };
  within(env().MODEL_FIRST_CHUNK_MS);
  const decoder = new TextDecoder();
  const ear = () =>
    new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        within(env().MODEL_CHUNK_MS);
        tail = (tail + decoder.decode(bytes.subarray(-TAIL), { stream: true })).slice(-TAIL);
        controller.enqueue(bytes);
      },
    });
  return {
    signal: abort.signal,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      if (response.body === null) return response;
      const { status, statusText, headers } = response;
      return new Response(response.body.pipeThrough(ear()), { status, statusText, headers });
    },
    heard({ type }) {
      if (type === 'reasoning-start') thinks = true;
      else if (type === 'reasoning-end') thinks = reasons;
      within(env().MODEL_CHUNK_MS);
    },
    saidDone: () => /\[DONE\]\s*$/.test(tail),
    end: () => clearTimeout(timer),
  };
}

/** Characters of the end that are kept. */
const TAIL = 32;
