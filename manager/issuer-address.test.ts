import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { issuerAddress } from './issuer-address.ts'

it.each([
  ['tcp://10.96.3.4:5002', 'tcp://10.96.3.4:5002'],
  ['nsm-issuer.nsm-system.svc:5002', 'tcp://nsm-issuer.nsm-system.svc:5002'],
  ['tcp://fd00:10:96::a1:5002', 'tcp://[fd00:10:96::a1]:5002'],
  ['tcp://[fd00:10:96::a1]:5002', 'tcp://[fd00:10:96::a1]:5002'],
  ['unix:///run/issuer.sock', 'unix:///run/issuer.sock'],
])('the issuer %s is %s', (text, address) => {
  expect(issuerAddress(text)).toBe(address)
})

it('what the manifests say is the Service by its name, where kubelet did not know its address', () => {
  const [, inManifest] =
    /name: NSM_ISSUER\n\s+value: (\S+)/.exec(
      readFileSync('manifests/base/manager/daemon-set.yaml', 'utf8'),
    ) ?? []
  const [, port] = /port: (\d+)/.exec(readFileSync('manifests/base/issuer/service.yaml', 'utf8')) ?? []
  expect(issuerAddress(inManifest ?? '')).toBe(`tcp://nsm-issuer:${port}`)
})
