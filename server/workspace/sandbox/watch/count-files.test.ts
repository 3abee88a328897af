import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countFolder } from './count-files.mjs';

describe('the count of a folder', () => {
  let root = '';
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'plumbline-count-test-')));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('takes each entry, opens folders without rights and closes them again', () => {
    mkdirSync(join(root, 'a/b'), { recursive: true });
    writeFileSync(join(root, 'a/b/file'), 'x'.repeat(5000));
    for (const path of ['a/b', 'a']) chmodSync(join(root, path), 0o300);
    const { files, bytes, tooDeep } = countFolder(root, 100);
    expect({ files, tooDeep }).toEqual({ files: 3, tooDeep: false });
    expect(bytes).toBeGreaterThanOrEqual(5000);
    expect(statSync(join(root, 'a')).mode & 0o777).toBe(0o300);
    expect(countFolder(root, 1).files).toBeLessThan(3);
  });

  it('never follows a symbolic link that took the place of a folder, at the end of the path or above', () => {
    const [inside, outside] = [join(root, 'inside'), join(root, 'outside')];
    mkdirSync(join(outside, 'home/below'), { recursive: true });
    writeFileSync(join(outside, 'home/below/file'), 'x');
    chmodSync(join(outside, 'home'), 0o300);
    mkdirSync(inside);
    symlinkSync(join(outside, 'home'), join(inside, 'link'));
    for (const folder of ['link', 'link/below']) expect(countFolder(join(inside, folder), 100).files).toBe(0);
    expect(countFolder(inside, 100).files).toBe(1);
    expect(statSync(join(outside, 'home')).mode & 0o777).toBe(0o300);
  });
});
