import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { alive, metricsPage, readiness } from './pages.ts'
import { type Page, serveHttp } from './serve-http.ts'

const here = { host: '127.0.0.1', port: 0, setting: 'NSM_THIS=127.0.0.1:0' }

async function ask(url: string, method = 'GET'): Promise<readonly [number, string]> {
  const answer = await fetch(url, { method })
  return [answer.status, await answer.text()]
}

describe('serveHttp()', () => {
  const fails: Page = () => Promise.reject(new Error('the kernel says no'))
  const pages = { '/healthz': alive, '/fails': fails }

  it.each([
    { method: 'GET', path: '/healthz', answers: [200, 'serves\n'] },
    { method: 'GET', path: '/healthz?x=1', answers: [200, 'serves\n'] },
    { method: 'POST', path: '/healthz', answers: [405, ''] },
    { method: 'GET', path: '/', answers: [404, 'GET /healthz, /fails\n'] },
    { method: 'GET', path: '/constructor', answers: [404, expect.any(String)] },
    { method: 'GET', path: '/fails', answers: [500, 'the kernel says no\n'] },
  ])('answers $method $path with $answers', async ({ method, path, answers }) => {
    await using server = await serveHttp(here, pages)
    expect(await ask(`http://127.0.0.1:${server.port}${path}`, method)).toEqual(answers)
  })

  it('is closed when it is disposed, even with a client that stays and one that still waits', async () => {
    const server = await serveHttp(here, { '/': () => new Promise(() => undefined) })
    const waiting = fetch(`http://127.0.0.1:${server.port}/`)
    const stays = connect(server.port, '127.0.0.1').on('error', () => undefined)
    await once(stays, 'connect')
    await server[Symbol.asyncDispose]()
    await expect(waiting).rejects.toThrow()
    await expect(fetch(`http://127.0.0.1:${server.port}/`)).rejects.toThrow()
    stays.destroy()
  })

  it('says which setting to change when the place is taken', async () => {
    await using server = await serveHttp(here, pages)
    await expect(
      serveHttp({ host: '127.0.0.1', port: server.port, setting: 'NSM_THAT=1' }, pages),
    ).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringMatching(/^NSM_THAT=1: .*EADDRINUSE/),
    })
  })

  it('lets no more connections in than it may have', async () => {
    await using server = await serveHttp({ ...here, connections: 1 }, pages)
    const first = connect(server.port, '127.0.0.1')
    await once(first, 'connect')
    const second = connect(server.port, '127.0.0.1')
    await once(second, 'close')
    first.destroy()
  })

  it('does not load undici, which is large', async () => {
    const script = `
      const { serveHttp } = await import('./runtime/serve-http.ts')
      await using server = await serveHttp({ host: '127.0.0.1', port: 0, setting: '' }, {})
      console.log(process.moduleLoadList.filter(name => /undici\\/undici$/.test(name)).length)`
    const child = execFile(process.execPath, ['--input-type=module', '-e', script])
    const said: string[] = []
    child.stdout?.on('data', (text: string) => said.push(text))
    await once(child, 'close')
    expect(said.join('')).toBe('0\n')
  })
})

describe('pages', () => {
  it('say that a program can do its work, or why it cannot', async () => {
    let why: string | undefined = 'no forwarder has registered on this node'
    await using server = await serveHttp(here, { '/readyz': readiness(() => why) })
    const url = `http://127.0.0.1:${server.port}/readyz`
    expect(await ask(url)).toEqual([503, 'no forwarder has registered on this node\n'])
    why = undefined
    expect(await ask(url)).toEqual([200, 'ready\n'])
  })

  it('give metrics to Prometheus', async () => {
    const samples = [{ labels: {}, value: 3 }]
    await using server = await serveHttp(here, {
      '/metrics': metricsPage(async () => [{ name: 'nsm_pods', type: 'gauge', help: 'Pods.', samples }]),
    })
    const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await answer.text()).toBe('# HELP nsm_pods Pods.\n# TYPE nsm_pods gauge\nnsm_pods 3\n')
  })
})
