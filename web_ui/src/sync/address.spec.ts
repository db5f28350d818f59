import { describe, expect, it } from 'vitest'
import { isHere, isPlain, portOf } from './address'

describe('address of the server', () => {
  it.each([
    ['http://127.0.0.1:8630', true, false],
    ['http://localhost:8630', true, false],
    ['http://[::1]:8630', true, false],
    ['http://192.168.1.20:8630', false, true],
    ['http://hq.example:8630', false, true],
    ['https://hq.example', false, false],
    ['', false, false],
  ])('%s', (server, here, plain) => {
    expect([isHere(server), isPlain(server)]).toEqual([here, plain])
  })
  it('tells the port', () => {
    expect(portOf('http://127.0.0.1:8630')).toBe('8630')
    expect(portOf('nonsense')).toBe('')
  })
})
