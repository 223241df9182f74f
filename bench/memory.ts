import { readdirSync, readFileSync } from 'node:fs'

/** Resident memory of our programs in this PID namespace, in MiB by program; one that does not run is left out. */
export function residentMemory(programs: readonly string[]): ReadonlyMap<string, number> {
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  return new Map(
    pids.flatMap(pid => {
      const command = read(`/proc/${pid}/cmdline`)
      const program = programs.find(
        name => command.includes(`/${name}.js`) || command.includes(`/${name}/main.ts`),
      )
      const kib = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1]
      return program === undefined || kib === undefined ? [] : [[program, Number(kib) / 1024] as const]
    }),
  )
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // The process has ended meanwhile.
    return ''
  }
}
