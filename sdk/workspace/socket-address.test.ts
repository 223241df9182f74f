import { describe, expect, it } from 'vitest'
import { socketAddress } from './socket-address.ts'

describe('socketAddress', () => {
  it.each([
    { story: 'a path', socket: '/run/a.sock', workspace: '', address: 'unix:///run/a.sock' },
    { story: 'v1’s URL', socket: 'unix:///run/a.sock', workspace: '', address: 'unix:///run/a.sock' },
    {
      story: 'the directory',
      socket: '',
      workspace: '/run/ws/',
      address: 'unix:///run/ws/nsm.server.io.sock',
    },
    { story: 'both', socket: '/run/a.sock', workspace: '/run/ws', address: 'unix:///run/a.sock' },
  ])('socketAddress() finds the socket by $story', ({ socket, workspace, address }) => {
    expect(socketAddress('server', { socket, workspace })).toBe(address)
  })

  it('socketAddress() says who should have set the variable when neither is set', () => {
    expect(() => socketAddress('client', { socket: '', workspace: '' })).toThrow(
      /NSM_CLIENT_SOCKET nor WORKSPACE.*networkservicemesh\.io\/socket/,
    )
  })
})
