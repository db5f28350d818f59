import { describe, expect, it } from 'vitest'
import type { LookupRow } from '@/api/types'
import { field } from '../info'
import { rank, split, targetOf } from './lookup'

const row = (title: string, pinyin: string): LookupRow => ({ id: title, title, pinyin, context: '', is_default: false, is_stopped: false })

describe('references', () => {
  it('point at one module, or at the one another field names', () => {
    expect(targetOf(field('ref', { target: 'employee' }), {})).toEqual({ module: 'employee', where: {}, missing: null })
    const parent = field('ref', { target_by: { field: 'kind', modules: { customer: 'customer' } } })
    expect(targetOf(parent, { kind: 'customer' }).module).toBe('customer')
    expect(targetOf(parent, {})).toEqual({ module: '', where: {}, missing: 'kind' })
  })
  it('take only candidates of this record', () => {
    const contact = field('ref', { target: 'contact', depends: { parent: 'id' } })
    expect(targetOf(contact, { id: 'c1' }).where).toEqual({ parent: 'c1' })
    expect(targetOf(contact, {}).missing).toBe('id')
    expect(targetOf(field('ref', { target: 'dict_item', where: { list: 'level' } }), {}).where).toEqual({ list: 'level' })
  })
  it('match title and pinyin initials, best first', () => {
    const rows = [row('大无锡', 'dwx'), row('无锡市', 'wxs'), row('上海', 'sh')]
    expect(rank(rows, 'wx').map((r) => r.title)).toEqual(['无锡市', '大无锡'])
    expect(rank(rows, '').length).toBe(3)
    expect(split('wxs', 'WX')).toEqual(['', 'wx', 's'])
    expect(split('上海', 'x')).toEqual(['上海', '', ''])
  })
})
