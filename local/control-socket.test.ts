import { expect, test } from 'vitest'
import { controlAddress, controlName, meshesIn } from './control-socket.ts'

test('controlAddress() names the abstract socket of a user and a mesh', () => {
  expect(controlAddress(1000, 'demo')).toBe(`unix-abstract://${controlName(1000, 'demo')}`)
})

test('meshesIn() finds the listening sockets of one user', () => {
  const table = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 17590 @nsm/1000/zoo
0000000000000000: 00000003 00000000 00000000 0001 03 17591 @nsm/1000/connected
0000000000000000: 00000002 00000000 00010000 0001 01 17592 @nsm/0/other-user
0000000000000000: 00000002 00000000 00010000 0001 01 17593 /run/dbus/socket
0000000000000000: 00000002 00000000 00010000 0001 01 17594 @nsm/1000/ape
0000000000000000: 00000003 00000000 00000000 0001 03 17595`
  expect(meshesIn(table, 1000)).toEqual(['ape', 'zoo'])
})
