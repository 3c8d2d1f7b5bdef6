import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory in bytes. */
export function findResidentBytes(pid: number): number {
  return readStatus(pid, 'VmRSS');
}

/** The most resident memory that there ever was, in bytes. */
export function findPeakBytes(pid: number): number {
  return readStatus(pid, 'VmHWM');
}

/** Open files and sockets. */
export function countDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function readStatus(pid: number, field: string): number {
  const [, kilobytes] =
    new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  if (kilobytes === undefined) throw new Error(`process ${pid} has no ${field}`);
  return Number(kilobytes) * 1024;
}
