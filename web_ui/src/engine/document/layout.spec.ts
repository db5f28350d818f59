import { describe, expect, it } from 'vitest'
import type { DocumentInfo, ModuleInfo } from '../../api/types'
import { field } from '../../fields/info'
import { leastTotal, lineColumns, roomsOf, template } from './columns'
import { fieldsOfKind, folded, heldBy, layoutOf, linesOfKind, mustType, nounOf, withoutStray } from './layout'
import { ownerOfLine, wayTo } from './owner'

const fields = [
  field('serial', { name: 'number' }), field('date', { name: 'on', required: true }), field('ref', { name: 'party', required: true }), field('text', { name: 'b' }), field('text', { name: 'c' }),
  field('enum', { name: 'state', readonly: true }), field('text', { name: 'closed', readonly: true }), field('ref', { name: 'store', required: true }),
  field('money', { name: 'goods', readonly: true }), field('money', { name: 'discount' }), field('money', { name: 'sum', readonly: true, sum: true }), field('longtext', { name: 'note' }),
]
const about: DocumentInfo = { lines: 'sheet_line', kind: null, entry: { product: 'product', qty: 'qty' }, foot: ['goods', 'discount', 'sum'], line_columns: [], after: [], actions: [], save_posts: true, approval: false, awaits: false, own: false }
const module = { name: 'sheet', title: 'number', fields, tabs: [], document: about } as unknown as ModuleInfo
const names = (list: { name: string }[]): string[] => list.map((f) => f.name)

describe('the parts of a sheet', () => {
  it('come from the declaration', () => {
    const parts = layoutOf(module, about)
    expect(names(parts.head)).toEqual(['on', 'party', 'b', 'c', 'closed', 'store'])
    expect(names(parts.foot)).toEqual(['goods', 'discount'])
    expect(names(parts.notes)).toEqual(['note'])
    expect(parts.total?.name).toBe('sum')
    expect(layoutOf(module, { ...about, total: 'goods' }).total?.name).toBe('goods')
  })
  it('are those of its kind, and say what it cannot do without', () => {
    const kinds = { ...about, kind: 'b', only: { c: ['sold'], party: ['sold', 'bought'] }, needs: { c: ['sold'], store: [] } }
    expect(names(layoutOf(module, kinds, { b: 'sold' }).head)).toEqual(['on', 'party', 'b', 'c', 'closed', 'store'])
    expect(layoutOf(module, kinds, { b: 'sold' }).head.find((f) => f.name === 'c')?.required).toBe(true)
    expect(names(layoutOf(module, kinds, { b: 'bought' }).head)).toEqual(['on', 'party', 'b', 'closed', 'store'])
    expect(names(fieldsOfKind(fields, kinds, {}))).not.toContain('party')
    // what is wrong is never hidden
    expect(names(layoutOf(module, kinds, { b: 'bought' }, { c: '不对' }).head)).toContain('c')
  })
  it('are called what their kind calls them', () => {
    const kinds = { ...about, kind: 'b', called: { back: { c: '退款' } } }
    expect(fieldsOfKind(fields, kinds, { b: 'back' }).find((f) => f.name === 'c')?.label).toBe('退款')
    expect(fieldsOfKind(fields, kinds, { b: 'sold' }).find((f) => f.name === 'c')?.label).not.toBe('退款')
  })
  it('are called by their kind as a whole, and so are lines and amounts that stand the other way round', () => {
    const kinds: DocumentInfo = { ...about, kind: 'b', nouns: { back: '退货单' }, line_called: { back: { c: '退货数量' } }, turned: { back: { sum: '未退' } } }
    const whole = { ...module, noun: '销货单', document: kinds }
    expect([nounOf(whole, { b: 'back' }), nounOf(whole, { b: 'sold' }), nounOf({ ...whole, document: null }, { b: 'back' })]).toEqual(['退货单', '销货单', '销货单'])
    expect(linesOfKind(fields, kinds, 'back').find((f) => f.name === 'c')?.label).toBe('退货数量')
    expect(linesOfKind(fields, kinds, 'sold')).toBe(fields)
    expect(fieldsOfKind(fields, kinds, { b: 'back' }).find((f) => f.name === 'sum')?.label).toBe('未退')
  })
  it('are held fast by another one, which says why', () => {
    const kinds: DocumentInfo = { ...about, holds: { party: ['b', 'retail', '总是零售客户'], store: ['c', true, '零购'] } }
    expect([heldBy(kinds, 'party', { b: 'retail' }), heldBy(kinds, 'party', { b: 'sold' }), heldBy(kinds, 'on', { b: 'retail' })]).toEqual(['总是零售客户', '', ''])
    expect([heldBy(kinds, 'store', { c: true }), heldBy(kinds, 'store', { c: false }), heldBy(about, 'store', {})]).toEqual(['零购', '', ''])
  })
  it('forget what was typed wrong into a field that another kind has no use for', () => {
    const kinds = { ...about, kind: 'b', only: { party: ['sold'] } }
    expect(withoutStray({ party: '没有找到', c: '不对' }, fields, kinds, { b: 'bought' })).toEqual({ c: '不对' })
    expect(withoutStray({ party: '没有找到' }, fields, kinds, { b: 'sold' })).toEqual({ party: '没有找到' })
  })
  it('fold what is seldom needed, never what must be filled in or is wrong', () => {
    const { head } = layoutOf(module, about)
    expect(names(folded(head, {}, {}, 3, false).shown)).toEqual(['on', 'party', 'b', 'store'])
    expect(folded(head, {}, {}, 3, false).more).toBe(1)
    // an error brings its box out, and pushes none away
    expect(names(folded(head, {}, { c: '不对' }, 3, false).shown)).toEqual(['on', 'party', 'b', 'c', 'store'])
    // calculated and empty: no room for it
    expect(names(folded(head, {}, {}, 3, true).shown)).toEqual(['on', 'party', 'b', 'c', 'store'])
    expect(names(folded(head, { closed: 'x' }, {}, 9, false).shown)).toContain('closed')
    // what nobody knows is said
    const told = head.map((f) => (f.name === 'closed' ? { ...f, unknown: { by: 'left', but: '', partly: '' } } : f))
    expect(names(folded(told, { left: 2 }, {}, 9, true).shown)).toContain('closed')
  })
  it('are columns, of which only some take typing', () => {
    const lines = [field('ref', { name: 'product', label: '产品' }), field('quantity', { name: 'qty', label: '数量' }), field('money', { name: 'amount', label: '金额', readonly: true }), field('bool', { name: 'machinery', hidden: true })]
    const columns = lineColumns(['product', 'qty', 'amount', 'machinery', 'gone'], lines, false)
    expect(columns.map((c) => [c.field.name, c.editable, c.align])).toEqual([['product', true, 'left'], ['qty', true, 'right'], ['amount', false, 'right']])
    expect(template(columns, 'product')).toBe('34px minmax(180px, 4fr) 78px 96px')
    // a number that is cut looks like another one
    const large = [{ values: { qty: 10_000, amount: 1_234_567_890_123 } }, { values: { qty: null, amount: 5 } }]
    const rooms = roomsOf(columns, large)
    const wide = rooms.get('amount') ?? 0
    expect([rooms.get('qty'), wide > 110]).toEqual([0, true])
    expect(template(columns, 'product', rooms)).toBe(`34px minmax(180px, 4fr) 78px ${wide}px`)
    expect(leastTotal(columns, 'product', rooms) - leastTotal(columns, 'product')).toBe(wide - 96)
    expect(lineColumns(['qty'], lines, true)[0]?.editable).toBe(false)
    // what only some kinds have a use for
    const only = { amount: ['run'] }
    expect(lineColumns(['qty', 'amount'], lines, false, 'late', only).map((c) => c.field.name)).toEqual(['qty'])
    expect(lineColumns(['qty', 'amount'], lines, false, 'run', only).map((c) => c.field.name)).toEqual(['qty', 'amount'])
  })
})
it('a line knows its sheet', () => {
  const lines = { name: 'sheet_line', fields: [field('ref', { name: 'origin', target: 'sheet' }), field('ref', { name: 'document', target: 'sheet', required: true })] } as unknown as ModuleInfo
  expect(ownerOfLine([module, lines], 'sheet_line')).toEqual({ module: 'sheet', field: 'document' })
  expect(ownerOfLine([module, lines], 'sheet')).toBeNull()
  expect(wayTo([module, lines], 'sheet_line')).toEqual({ way: 'sheet', module: 'sheet', field: 'document' })
})
it('what somebody may not look at has no way to it, as an entry of a document has for who sees the stock alone', () => {
  const entries = { name: 'entry', fields: [], local: true } as unknown as ModuleInfo
  expect([wayTo([module, entries], 'entry'), wayTo([module, entries], 'sheet'), wayTo([entries], 'sheet')]).toEqual([{ way: 'behind' }, { way: 'form' }, { way: 'none' }])
})

it('a new sheet begins where something has to be typed', () => {
  const values = { on: '2026-11-27', store: 's1' }
  expect(names(fields.filter((f) => mustType(f, values)))).toEqual(['party'])
  expect(names(fields.filter((f) => mustType(f, { ...values, party: 'p1' })))).toEqual([])
})
