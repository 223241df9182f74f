import { globSync, readFileSync } from 'node:fs'

/** A TypeScript file of the project and what it imports. */
export interface Source {
  /** Path from the root of the project. */
  readonly path: string
  readonly folder: string
  readonly text: string
  readonly imports: readonly string[]
}

/** Every hand-written TypeScript file. */
export function sources(): readonly Source[] {
  return globSync('**/*.ts', { exclude: ['node_modules/**', 'dist/**'] })
    .filter(path => !path.startsWith('node_modules') && !path.startsWith('dist/') && !path.includes('/gen/'))
    .map(path => {
      const text = readFileSync(path, 'utf8')
      return { path, folder: path.split('/')[0] ?? '', text, imports: importsOf(text) }
    })
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g

function importsOf(text: string): readonly string[] {
  return [...text.matchAll(importPattern)].flatMap(match => match[1] ?? match[2] ?? [])
}
