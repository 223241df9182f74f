import { closeSync, constants, openSync } from 'node:fs'
import { KernelError } from './errors.ts'
import { ioctl, ioctlNumber } from './libc.ts'
import { inNetns, type NetnsFile } from './netns.ts'

/** A tun or tap device to be made. */
export interface TunBirth {
  readonly name: string
  /** `tun` carries packets, `tap` frames. */
  readonly kind: 'tun' | 'tap'
}

/**
 * Makes a device that a program reads and writes, and keeps it: until `mark` returns it would die with this process, so
 * an unmarked one never stays. Throws KernelError EOPNOTSUPP when there is no /dev/net/tun, EEXIST when the name is
 * taken.
 *
 * Equivalent to: `ip tuntap add dev NAME mode KIND`
 */
export function createTun(netns: NetnsFile, { name, kind }: TunBirth, mark: () => void): void {
  const doing = `creating ${kind} device ${name}`
  const fd = inNetns(netns, () => openDevice(doing))
  try {
    try {
      ioctl(fd, { request: TUNSETIFF, value: interfaceRequest(name, kind), name: 'TUNSETIFF', doing })
    } catch (cause) {
      if (!(cause instanceof KernelError) || cause.code !== 'EBUSY') throw cause
      throw new KernelError(doing, { errno: EEXIST, syscall: 'RTM_NEWLINK' }, { cause })
    }
    mark()
    ioctlNumber(fd, { request: TUNSETPERSIST, value: 1, name: 'TUNSETPERSIST', doing })
  } finally {
    closeSync(fd)
  }
}

/** The device belongs to the namespace that it was opened in. */
function openDevice(doing: string): number {
  try {
    return openSync('/dev/net/tun', constants.O_RDWR)
  } catch (cause) {
    throw new KernelError(
      `${doing}: /dev/net/tun cannot be opened; give the container that device`,
      { errno: EOPNOTSUPP, syscall: 'open' },
      { cause },
    )
  }
}

/** struct ifreq of net/if.h: name char[16] @0, flags i16 @16; 40 bytes. */
function interfaceRequest(name: string, kind: TunBirth['kind']): Buffer {
  const bytes = Buffer.alloc(40)
  bytes.write(name, 0, 15)
  bytes.writeUInt16LE((kind === 'tap' ? IFF_TAP : IFF_TUN) | IFF_NO_PI | IFF_TUN_EXCL, 16)
  return bytes
}

/** linux/if_tun.h */
const TUNSETIFF = 0x400454ca
const TUNSETPERSIST = 0x400454cb
const IFF_TUN = 0x1
const IFF_TAP = 0x2
const IFF_NO_PI = 0x1000
const IFF_TUN_EXCL = 0x8000
const EEXIST = 17
const EOPNOTSUPP = 95
