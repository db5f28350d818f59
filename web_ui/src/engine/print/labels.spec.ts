import { describe, expect, it } from 'vitest'
import { labelAsk, labelsOf, LABELS, parseCopies, priceListAsk } from './labels'

const info = { prices: [{ name: 'price_1', label: '零售价' }, { name: 'price_2', label: '批发价' }], listed: ['category', 'code', 'name'] }

describe('what is asked for labels', () => {
  it('is what was printed last, as far as it is still there', () => {
    expect(labelsOf(null, info)).toEqual({ ...LABELS, price: 'price_1', prices: ['price_1'] })
    expect(labelsOf({ size: '60x40', price: '', on_sheets: true }, info)).toMatchObject({ size: '60x40', price: '', on_sheets: true })
    expect(labelsOf({ price: 'price_9', prices: ['price_2', 'gone'] }, info)).toMatchObject({ price: '', prices: ['price_2'] })
    expect(labelsOf({ price: 'price_1' }, { prices: [], listed: [] })).toMatchObject({ price: '', prices: [] })
  })
  it('says how many of each, or leaves it to the document', () => {
    const request = { info, path: '/x', of: { ids: ['1'] }, copies: null, counted: true, settings: { ...LABELS, price: 'price_2' } }
    expect(labelAsk(request)).toEqual({ path: '/x', body: { ids: ['1'], size: '40x30', on_sheets: false, price: 'price_2', company: false, copies: null } })
  })
  it('reads copies as people type them', () => {
    expect(['3', '３', ' 12 ', '0', '-1', 'x', '', '5000'].map(parseCopies)).toEqual([3, 3, 12, null, null, null, null, 999])
  })
})

describe('a list of prices', () => {
  it('goes by its first column and has the chosen prices', () => {
    const asked = priceListAsk({ info, path: '/p', of: { query: { sort: '-name', group: 'g' }, ids: ['1'] }, title: '价目表', settings: { ...LABELS, prices: ['price_2'] } })
    expect(asked.body).toMatchObject({ ids: ['1'], query: { sort: 'category,code', group: 'g' }, title: '价目表' })
    expect((asked.body as { columns: { name: string }[] }).columns.map((one) => one.name)).toEqual(['category', 'code', 'name', 'price_2'])
  })
})
