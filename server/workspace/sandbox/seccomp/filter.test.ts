import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { assemble, BPF, INSTRUCTION_BYTES } from './assembler';
import {
  ANSWER,
  AUDIT_ARCH,
  BUFFER_SIZES,
  CLONE_NAMESPACES,
  ERRNO,
  RESERVATIONS,
  SOL_SOCKET,
  seccompFilter,
} from './filter';
import { FIRST_UNKNOWN, type Machine, SYSCALLS, type SyscallName, syscallNumber } from './syscalls';

/** Interprets a program as the kernel does: `struct seccomp_data` with number, machine and the first arguments. */
function answer(program: Buffer, data: { number: number; arch: number; args?: number[] }): number {
  const memory = Buffer.alloc(64);
  memory.writeUInt32LE(data.number, 0);
  memory.writeUInt32LE(data.arch, 4);
  for (const [index, value] of (data.args ?? []).entries()) memory.writeUInt32LE(value, 16 + 8 * index);
  let word = 0;
  for (let at = 0; at < program.length / INSTRUCTION_BYTES; at++) {
    const offset = at * INSTRUCTION_BYTES;
    const k = program.readUInt32LE(offset + 4);
    const jump = (holds: boolean) => program.readUInt8(offset + (holds ? 2 : 3));
    switch (program.readUInt16LE(offset)) {
      case BPF.load:
        word = memory.readUInt32LE(k);
        break;
      case BPF.ifEqual:
        at += jump(word === k);
        break;
      case BPF.ifAtLeast:
        at += jump(word >= k);
        break;
      case BPF.ifAnyBit:
        at += jump((word & k) !== 0);
        break;
      case BPF.answer:
        return k;
      default:
        throw new Error('not an instruction of this filter');
    }
  }
  throw new Error('the program ran past its end');
}

const error = (number: number) => (ANSWER.error | number) >>> 0;

describe.each<Machine>(['x64', 'arm64'])('the seccomp filter of %s', (machine) => {
  const program = seccompFilter(machine);
  const arch = AUDIT_ARCH[machine];
  const call = (name: SyscallName, ...args: number[]) =>
    answer(program, { number: syscallNumber(name, machine) ?? -1, arch, args });

  it('refuses every listed call, and lets all other known ones through', () => {
    const listed = new Set<number>();
    for (const name of Object.keys(SYSCALLS) as SyscallName[]) {
      const number = syscallNumber(name, machine);
      if (number === null) continue;
      listed.add(number);
      if (['clone', 'ioctl', 'setsockopt', 'socket', 'socketpair'].includes(name)) continue;
      expect([ERRNO.EPERM, ERRNO.ENOSYS, ERRNO.EOPNOTSUPP].map(error), name).toContain(call(name));
    }
    for (let number = 0; number < FIRST_UNKNOWN; number++) {
      if (!listed.has(number)) expect(answer(program, { number, arch }), String(number)).toBe(ANSWER.allow);
    }
  });

  it('reads the flags of clone and the family of a socket', () => {
    // Flags of pthread_create and of fork in glibc.
    for (const flags of [0x3d0f00, 0x01200011]) expect(call('clone', flags)).toBe(ANSWER.allow);
    for (let bit = 0; bit < 32; bit++) {
      const flag = (1 << bit) >>> 0;
      const expected = (flag & CLONE_NAMESPACES) === 0 ? ANSWER.allow : error(ERRNO.EPERM);
      expect(call('clone', (flag | 0x11) >>> 0), `bit ${bit}`).toBe(expected);
    }
    for (let family = 0; family < 50; family++) {
      const expected = [1, 2, 10, 16].includes(family) ? ANSWER.allow : error(ERRNO.EAFNOSUPPORT);
      expect([call('socket', family), call('socketpair', family)]).toEqual([expected, expected]);
    }
    expect(call('clone3')).toBe(error(ERRNO.ENOSYS));
  });

  it('reads the request of ioctl and the option of a socket', () => {
    for (const request of RESERVATIONS) expect(call('ioctl', 3, request)).toBe(error(ERRNO.EOPNOTSUPP));
    // TCGETS and FIONBIO.
    for (const request of [0x5401, 0x5421]) expect(call('ioctl', 3, request)).toBe(ANSWER.allow);
    for (let option = 0; option < 80; option++) {
      const done = BUFFER_SIZES.some((one) => one === option);
      expect(call('setsockopt', 3, SOL_SOCKET, option), String(option)).toBe(done ? error(0) : ANSWER.allow);
      expect(call('setsockopt', 3, 6, option)).toBe(ANSWER.allow);
    }
    expect(call('fallocate')).toBe(error(ERRNO.EOPNOTSUPP));
  });

  it('kills a call of another machine, and knows neither x32 nor calls that are newer than its table', () => {
    const other = machine === 'x64' ? AUDIT_ARCH.arm64 : AUDIT_ARCH.x64;
    for (const foreign of [other, 0x40000003, 0, 0xffffffff]) {
      expect(answer(program, { number: 0, arch: foreign })).toBe(ANSWER.kill);
    }
    for (const number of [FIRST_UNKNOWN, 467, 0x40000000, 0x40000000 + 101, 0x40000000 + 521, 0xffffffff]) {
      expect(answer(program, { number, arch })).toBe(error(ERRNO.ENOSYS));
    }
  });
});

describe('the table of system calls', () => {
  const headers = [
    ['/usr/include/x86_64-linux-gnu/asm/unistd_64.h', 'x64'],
    ['/usr/include/asm-generic/unistd.h', 'arm64'],
  ] as const;
  for (const [path, machine] of headers) {
    it.skipIf(!existsSync(path))(`agrees with the kernel's header for ${machine}`, () => {
      const header = readFileSync(path, 'utf8');
      for (const name of Object.keys(SYSCALLS) as SyscallName[]) {
        const line = new RegExp(`#define __NR(?:3264)?_${name}\\s+(\\d+)`).exec(header);
        if (line !== null) expect(syscallNumber(name, machine), name).toBe(Number(line[1]));
      }
    });
  }
});

describe('assemble', () => {
  it('refuses a label that is not there, behind, or too far', () => {
    const jump = { do: 'ifEqual', k: 0, to: 'end' } as const;
    const end = [{ label: 'end' }, { do: 'answer', k: 0 }] as const;
    expect(() => assemble([jump])).toThrow(RangeError);
    expect(() => assemble([...end, jump])).toThrow(RangeError);
    const between = Array.from({ length: 256 }, () => ({ do: 'load', k: 0 }) as const);
    expect(() => assemble([jump, ...between, ...end])).toThrow(RangeError);
    expect(assemble([jump, ...between.slice(1), ...end]).readUInt8(2)).toBe(255);
  });
});
