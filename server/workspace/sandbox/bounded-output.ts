/** Keeps the first and the last half of what a command writes: the first error and the closing summary both matter. */
export class BoundedOutput {
  bytes = 0;
  private readonly head: Buffer[] = [];
  private headBytes = 0;
  private tail: Buffer[] = [];
  private tailBytes = 0;
  private readonly half: number;

  /** @param limit bytes kept in all. */
  constructor(limit: number) {
    this.half = Math.ceil(limit / 2);
  }

  take(data: Buffer): void {
    this.bytes += data.length;
    const room = Math.max(0, this.half - this.headBytes);
    if (room > 0) {
      this.head.push(data.subarray(0, room));
      this.headBytes += Math.min(room, data.length);
    }
    if (data.length <= room) return;
    this.tail.push(data.subarray(room));
    this.tailBytes += data.length - room;
    if (this.tailBytes > this.half * 2) this.trim();
  }

  text(): string {
    this.trim();
    const dropped = this.bytes - this.headBytes - this.tailBytes;
    const cut = dropped > 0 ? `\n[output cut: ${dropped} bytes left out]\n` : '';
    return Buffer.concat(this.head).toString('utf8') + cut + Buffer.concat(this.tail).toString('utf8');
  }

  private trim(): void {
    const all = Buffer.concat(this.tail);
    const kept = Buffer.from(all.subarray(Math.max(0, all.length - this.half)));
    this.tail = [kept];
    this.tailBytes = kept.length;
  }
}
