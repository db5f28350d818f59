import { describe, expect, it } from 'vitest'
import type { DocumentPrint } from '@/api/types'
import { optionsOf, paperBody, wished, wishOf } from './options'

const print: DocumentPrint = {
  name: 'sheet', titles: { '': '报价单' }, paper: 'a4', paper_label: 'A4',
  options: { pictures: false, watermark: '样张', extras: ['price_2'], seal: null },
  extras: [{ name: 'price_1', label: '零售价' }, { name: 'price_2', label: '批发价' }],
}

describe('what is wanted of a paper for once', () => {
  it('is as laid out until somebody wishes otherwise', () => {
    expect(optionsOf(print, {})).toEqual(print.options)
    expect(paperBody('sheet', print, {})).toEqual({ name: 'sheet' })
    expect(optionsOf(print, { pictures: true, watermark: '' })).toEqual({ ...print.options, pictures: true, watermark: '' })
    expect(paperBody('sheet', print, { watermark: '', extras: [] })).toEqual({ name: 'sheet', watermark: '', extras: [] })
  })
  it('has nothing that the print does not have', () => {
    expect(optionsOf(print, { seal: true, extras: ['cost', 'price_1'] })).toEqual({ ...print.options, extras: ['price_1'] })
    expect(paperBody('sheet', undefined, { pictures: true, seal: false })).toEqual({ name: 'sheet' })
  })
  it('keeps only what differs', () => {
    const wish = wished(print, {}, { pictures: true })
    expect(wish).toEqual({ pictures: true })
    expect(wished(print, wish, { pictures: false })).toEqual({})
    expect(wished(print, wish, { extras: ['price_2'] })).toEqual({ pictures: true })
  })
  it('reads what was kept with care', () => {
    expect(wishOf(null)).toEqual({})
    expect(wishOf({ pictures: 'yes', watermark: '长'.repeat(60), extras: [1, 'price_1'], other: 1 })).toEqual({ watermark: '长'.repeat(40), extras: ['price_1'] })
  })
})
