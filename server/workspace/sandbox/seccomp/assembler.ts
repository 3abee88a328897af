import 'server-only';

/** Codes of classic BPF as seccomp takes it. Source: `linux/bpf_common.h` and `linux/filter.h`. */
export const BPF = {
  /** BPF_LD | BPF_W | BPF_ABS: loads a 32-bit word of `struct seccomp_data`. */
  load: 0x20,
  /** BPF_JMP | BPF_K with JEQ, JGE, JSET. */
  ifEqual: 0x15,
  ifAtLeast: 0x35,
  ifAnyBit: 0x45,
  /** BPF_RET | BPF_K. */
  answer: 0x06,
} as const;

/** One step: a label to jump to, or an instruction whose jumps are labels; without a label the next one follows. */
export type Step =
  | { label: string }
  | { do: 'load' | 'answer'; k: number }
  | { do: 'ifEqual' | 'ifAtLeast' | 'ifAnyBit'; k: number; to?: string; otherwise?: string };

/** Bytes of one `struct sock_filter`: code (16 bits), jt, jf (8 bits each), k (32 bits); little-endian on both machines. */
export const INSTRUCTION_BYTES = 8;
const LONGEST_JUMP = 255;

/** Turns steps into the program that `bwrap --seccomp` reads. Throws on an unknown label or a jump too far. */
export function assemble(steps: readonly Step[]): Buffer {
  const labels = new Map<string, number>();
  const instructions = [];
  for (const step of steps) {
    if ('label' in step) labels.set(step.label, instructions.length);
    else instructions.push(step);
  }
  const program = Buffer.alloc(instructions.length * INSTRUCTION_BYTES);
  for (const [at, step] of instructions.entries()) {
    const jump = (label: string | undefined): number => {
      if (label === undefined) return 0;
      const distance = (labels.get(label) ?? -1) - at - 1;
      if (distance < 0 || distance > LONGEST_JUMP) throw new RangeError(`${label} cannot be reached from step ${at}`);
      return distance;
    };
    const offset = at * INSTRUCTION_BYTES;
    program.writeUInt16LE(BPF[step.do], offset);
    program.writeUInt8('to' in step ? jump(step.to) : 0, offset + 2);
    program.writeUInt8('otherwise' in step ? jump(step.otherwise) : 0, offset + 3);
    program.writeUInt32LE(step.k, offset + 4);
  }
  return program;
}
