import { describe, expect, it } from 'vitest'
import { BAR, inMore, stands } from './bar'

describe('the tool bar of a list', () => {
  it('keeps what is done with a record longer than what is done with the whole list', () => {
    const ofRecord = ['record.paper', 'record.turn', 'record.statement'] as const
    const ofList = ['list.export', 'list.print', 'list.survey', 'list.import'] as const
    for (let folded = 0; folded <= BAR.length; folded++) {
      if (ofList.some((id) => stands(id, folded))) expect(ofRecord.every((id) => stands(id, folded))).toBe(true)
    }
    expect(stands('record.paper', 4)).toBe(true)
    expect(inMore(4)).toEqual(ofList)
  })
  it('gives up 修改 last', () => {
    expect(stands('record.edit', BAR.length - 1)).toBe(true)
    expect(inMore(BAR.length - 1)).not.toContain('record.edit')
    expect(inMore(0)).toEqual([])
  })
})
