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

it('a variable that kubelet did not know is refused', () => {
  expect(() => issuerAddress('tcp://$(NSM_ISSUER_SERVICE_HOST):$(NSM_ISSUER_SERVICE_PORT)')).toThrow(
    /cannot use the address/,
  )
})
