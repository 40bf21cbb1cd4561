// Preloaded into a process (`node --import`): it takes itself for one of a container, with a host name, a process id and
// a pid namespace that a test gives it.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

const { TEST_HOST, TEST_PID, TEST_NAMESPACE, TEST_SINCE } = process.env;
const { readFileSync, readlinkSync } = fs;

os.hostname = () => TEST_HOST;
Object.defineProperty(process, 'pid', { value: Number(TEST_PID) });
fs.readlinkSync = (path, ...more) =>
  path === '/proc/self/ns/pid' ? `pid:[${TEST_NAMESPACE}]` : readlinkSync(path, ...more);
fs.readFileSync = (path, ...more) => {
  // proc_pid_stat(5): field 22 tells since when the first process of the namespace runs.
  if (path === '/proc/1/stat') return `1 (init) S ${'0 '.repeat(18)}${TEST_SINCE} 0`;
  try {
    return readFileSync(path, ...more);
  } catch (error) {
    // Where there is no /proc all of them are of one boot all the same.
    if (path !== '/proc/sys/kernel/random/boot_id') throw error;
    return '00000000-0000-4000-8000-000000000000\n';
  }
};
syncBuiltinESMExports();
