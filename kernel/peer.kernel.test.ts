import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { createNetns, inNetns, nodeNetns } from './netns.ts'
import { peerOf } from './peer.ts'
import { peerLives } from './peer-lives.ts'
import { temporaryFolder } from './scratch.ts'

const connectAndStay = `require('node:net').connect(process.argv[1]); setInterval(() => {}, 1000)`

test('peerOf() names the pid, the user and the network namespace of the client when it lives in another one', async () => {
  using folder = temporaryFolder()
  using pod = createNetns(`${folder.path}/pod`)
  const server = createServer().listen(`${folder.path}/sock`)
  await once(server, 'listening')
  const accepted = new Promise<Socket>(accept => server.once('connection', accept))
  const client = inNetns(pod, () => spawn(process.execPath, ['-e', connectAndStay, `${folder.path}/sock`]))
  const socket = await accepted
  expect(peerOf(socket)).toEqual({
    pid: client.pid,
    uid: process.getuid?.(),
    gid: process.getgid?.(),
    netnsCookie: pod.cookie,
  })
  expect(pod.cookie).not.toBe(nodeNetns().cookie)
  expect(peerLives(socket)).toBe('yes')
  const exit = once(client, 'exit')
  client.kill('SIGKILL')
  await exit
  expect(peerLives(socket)).toBe('no')
  socket.destroy()
  server.close()
  await once(server, 'close')
})
