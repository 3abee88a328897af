/**
 * A picture in a message. Loading an address would tell it whatever the text put into it (an injected instruction can write
 * `![](https://…?q=secret)`, or an address of this site that does something), so none is drawn: a remote one is a link.
 */
export function MessageImage({ src, alt }: { src?: unknown; alt?: unknown; node?: unknown }) {
  const name = typeof alt === 'string' && alt !== '' ? alt : 'picture';
  if (typeof src !== 'string' || !/^https?:\/\//i.test(src)) return <span>[{name}]</span>;
  return (
    <a href={src} target="_blank" rel="noopener noreferrer nofollow">
      {name}
    </a>
  );
}
