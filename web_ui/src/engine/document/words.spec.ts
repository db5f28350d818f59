import { describe, expect, it } from 'vitest'
import type { DocumentInfo, FieldInfo, FoundProduct } from '@/api/types'
import { approvalOf, markOf, postedWords, pricesOf, savedWords, shippedMark, stateTone, stateWords, toConfirm, waitingFor } from './words'

const about = (own: boolean): DocumentInfo => ({ lines: '', kind: null, entry: { product: '', qty: '' }, foot: [], line_columns: [], after: [], actions: [], save_posts: true, approval: true, awaits: true, own })

describe('approval in words', () => {
  it('says more than the state of drafts only', () => {
    expect(approvalOf({ state: 'draft', approval: 'waiting' })).toBe('waiting')
    expect(approvalOf({ state: 'draft', approval: 'rejected' })).toBe('rejected')
    expect(approvalOf({ state: 'posted', approval: 'approved' })).toBeNull()
    expect(approvalOf(null)).toBeNull()
    expect([stateWords('draft', 'waiting'), stateTone('draft', 'waiting')]).toEqual(['待审批', 'look'])
    expect([stateWords('posted'), stateTone('posted')]).toEqual(['已过账', 'good'])
  })
  it('leaves out what one submitted oneself, unless there is nobody else', () => {
    expect(waitingFor('me', about(false)).and).toHaveLength(2)
    expect(waitingFor('me', about(true)).and).toEqual([{ field: 'approval', op: 'eq', value: 'waiting' }])
  })
})

describe('a list', () => {
  it('marks what does not count, and only that', () => {
    expect([markOf({ state: 'posted' }), markOf({ name: 'of no document' })]).toEqual([null, null])
    expect(markOf({ state: 'cancelled' })).toEqual({ text: '已作废', tone: 'bad' })
    expect([markOf({ state: 'draft' })?.text, markOf({ state: 'draft', approval: 'waiting' })?.text]).toEqual(['草稿', '待审批'])
  })
})

describe('what the server wants to hear first', () => {
  const over = '超出信用额度 9,900.00 元，仍然过账'
  it('stands where it is read whole, under a short title', () => {
    expect(toConfirm([over])).toEqual({ title: '请确认', text: [over] })
    expect(toConfirm([over, '低于最低售价'])).toEqual({ title: '有 2 处要您确认', text: [], items: [over, '低于最低售价'] })
  })
})

describe('what came of a sheet that has closed', () => {
  it('is told with its number', () => {
    expect(savedWords('XS-1', { state: 'posted', version: 1 })).toBe('已过账 XS-1')
    expect(savedWords('XS-1', { state: 'posted', version: 2 })).toBe('已保存 XS-1')
    expect(savedWords('XS-1', { state: 'draft' })).toBe('已保存 XS-1，还是草稿')
    expect(savedWords('XS-1', { state: 'draft', approval: 'waiting' })).toBe('XS-1 已提交审批')
    expect(savedWords('XS-1', { state: 'cancelled', version: 1 })).toBe('')
  })
})

it('says nothing of stock and accounts where a document books nothing', () => {
  expect(postedWords('销货单', 2, true)).toContain('库存和账目')
  expect(postedWords('报价单', 2, false)).toBe('这张报价单已过账。保存后成为第 2 版，以前各版都留着。')
})

describe('prices of what was found', () => {
  const fields = ['price_1', 'price_2', 'purchase_price'].map((name) => ({ name }) as FieldInfo)
  const found = (...names: string[]): FoundProduct => ({ prices: Object.fromEntries(names.map((name) => [name, 1])) }) as unknown as FoundProduct
  it('stand in the order of the document, and nobody is shown one that he does not know', () => {
    expect(pricesOf(fields, [found('purchase_price', 'price_1'), found('price_1', 'price_2', 'hidden')]).map((f) => f.name)).toEqual(['purchase_price', 'price_1', 'price_2'])
    expect(pricesOf(fields, [])).toEqual([])
  })
})

it('what ships with the program says so in its list', () => {
  const own = { fixed: 'is_system' }
  expect([shippedMark(own, { is_system: true })?.text, shippedMark(own, { is_system: false }), shippedMark({ fixed: null }, { is_system: true })]).toEqual(['系统自带', null, null])
})
