/** Prints what the mesh has made on the node in whose namespaces it runs: a `NodeDump` as JSON. */

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

const base = '/var/lib/networkservicemesh'
const database = `${base}/manager.db`
/** Rows that tell what has been, or that are there for good once two nodes have met. */
const records = ['journal_event', 'journal_boot', 'journal_peer']

interface LinkJson {
  readonly ifname: string
  readonly ifalias?: string
  readonly group?: string
  readonly linkinfo?: { readonly info_kind?: string; readonly info_data?: { readonly id?: number } }
}

const lines = (text: string): readonly string[] =>
  text.split('\n').flatMap(line => (line.trim() === '' ? [] : [line.trim().replaceAll(/\s+/g, ' ')]))

function ip(netns: string, args: string): string {
  const at = netns === '-' ? [] : ['-n', netns]
  try {
    return execFileSync('ip', [...at, ...args.split(' ')], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    // A namespace that has just gone has nothing.
    return ''
  }
}

function linksOf(netns: string): readonly string[] {
  const found: readonly LinkJson[] = JSON.parse(ip(netns, '-d -j link') || '[]')
  return found.flatMap(({ ifname, ifalias = '', linkinfo }) => {
    const kind = linkinfo?.info_kind ?? ''
    if (!ifalias.startsWith('nsm:') && kind !== 'vxlan' && kind !== 'wireguard') return []
    return [`${nameOf(netns)} ${ifname} ${kind} ${linkinfo?.info_data?.id ?? ''} ${ifalias}`]
  })
}

function rowsOf(file: string): readonly string[] {
  if (!existsSync(file)) return []
  using opened = new DatabaseSync(file, { readOnly: true })
  const tables = opened.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()
  const names = tables.map(({ name }) => String(name)).filter(name => !records.includes(name))
  return names.flatMap(name =>
    opened
      .prepare(`SELECT key FROM ${name}`)
      .all()
      .map(({ key }) => `${name}/${String(key)}`),
  )
}

function workspaces(): readonly string[] {
  if (!existsSync(base)) return []
  return readdirSync(base, { withFileTypes: true }).flatMap(entry =>
    entry.isDirectory() ? [entry.name] : [],
  )
}

/** Pods that are replaced get another namespace, so its name says nothing. */
const nameOf = (netns: string): string => (netns === '-' ? 'node' : 'pod')

/** The rules with which every namespace begins. */
const usual = /^(0: from all lookup local|32766: from all lookup main|32767: from all lookup default)$/

function rulesOf(netns: string): readonly string[] {
  const all = [...lines(ip(netns, 'rule')), ...lines(ip(netns, '-6 rule'))]
  return all.filter(line => !usual.test(line)).map(line => `${nameOf(netns)} ${line}`)
}

const pods = existsSync('/run/netns') ? readdirSync('/run/netns') : []
const spaces = ['-', ...pods]

/** Those of pods without a link of the mesh are the affair of their network; the node has one id for each pod besides. */
function nsidsOf(netns: string): readonly string[] {
  const count = lines(ip(netns, 'netns list-id')).length
  if (netns === '-') return [`node ${count - pods.length}`]
  return linksOf(netns).length === 0 ? [] : [`pod ${count}`]
}

const dump = {
  links: spaces.flatMap(linksOf).toSorted(),
  nsids: spaces.flatMap(nsidsOf).toSorted(),
  rules: spaces.flatMap(rulesOf).toSorted(),
  routes: lines(ip('-', '-4 route show table all')).toSorted(),
  workspaces: workspaces().toSorted(),
  journal: rowsOf(database).toSorted(),
}
process.stdout.write(JSON.stringify(dump))
