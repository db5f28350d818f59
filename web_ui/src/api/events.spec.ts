import { describe, expect, it } from 'vitest'
import { EventReader, onServerEvent, tell } from './events'

describe('the event stream', () => {
  it('puts events together that arrive in pieces', () => {
    const reader = new EventReader()
    expect(reader.push('data: {"type":"chan')).toEqual([])
    expect(reader.push('ged","module":"customer","ids":["1"]}\n\ndata: {"type":"session"}\r\n\r\n: ping\n')).toEqual([{ type: 'changed', module: 'customer', ids: ['1'] }, { type: 'session' }])
  })
  it('passes over a broken line', () => {
    expect(new EventReader().push('data: {oops\ndata: {"type":"ask-quit"}\n')).toEqual([{ type: 'ask-quit' }])
  })
  it('tells only those who asked for this kind, until they stop', () => {
    const heard: string[] = []
    const stop = onServerEvent('changed', ({ module }) => heard.push(module))
    tell({ type: 'changed', module: 'customer', ids: [] })
    tell({ type: 'session' })
    stop()
    tell({ type: 'changed', module: 'contact', ids: [] })
    expect(heard).toEqual(['customer'])
  })
})
