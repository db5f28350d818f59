import { describe, expect, it } from 'vitest'
import type { DocumentInfo, DocumentTurn, Row } from '../../api/types'
import { turnsOf, whyNoTurn } from './turns'

const turn = (label: string, kinds: string[]): DocumentTurn => ({ module: 'sale', source: 's', label, kinds, preset: {} })
const [deliver, again] = [turn('转销货', ['order']), turn('新一轮报价', [])]
const about = { kind: 'doc_type', turns: [deliver, again] } as unknown as DocumentInfo
const row = (doc_type: string, state = 'posted'): Row => ({ id: 'x', rev: 1, doc_type, state })

describe('what can be made of a document', () => {
  it('goes by its kind, and needs it to count', () => {
    expect(turnsOf(about, row('order'))).toEqual([deliver, again])
    expect(turnsOf(about, row('sale'))).toEqual([again])
    expect(turnsOf(about, row('order', 'draft'))).toEqual([])
    expect([turnsOf(about, null), turnsOf({ kind: null } as unknown as DocumentInfo, row('sale'))]).toEqual([[], []])
  })
  it('or it is said why not', () => {
    expect(whyNoTurn(about, deliver, row('order'), '订货')).toBeNull()
    expect(whyNoTurn(about, deliver, row('sale'), '销货单')).toBe('这张销货单不能用来转销货')
    expect(whyNoTurn(about, again, row('sale', 'cancelled'), '销货单')).toBe('已过账的销货单才能新一轮报价')
    expect(whyNoTurn(about, again, null, '报价单')).toBe('请先选中报价单')
  })
})
